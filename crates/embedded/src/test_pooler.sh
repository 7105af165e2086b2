# Keeps one PgBouncer, a line at a time, and removes everything of it when standard input ends, in whatever way that happens.
#
# Arguments: the directory to make; the program; its configuration. Each line of standard input is a verb, and is answered by
# `done` or `failed`.
dir=$1 program=$2
# Only the end of the input counts: a signal to everybody ends the one who writes it, too.
trap '' HUP INT TERM PIPE
umask 077
mkdir "$dir" && cd "$dir" || exit
printf '%s\n' "$3" >pgbouncer.ini
exec 8<&0 9>&1 </dev/null >pgbouncer.log 2>&1

pooler=

obey() {
  case $1 in
    start)
      if [ -n "$pooler" ]; then return 1; fi
      # One that was killed has left its socket.
      rm -f .s.PGSQL.* ended
      {
        "$program" pgbouncer.ini &
        echo "$!" >pgbouncer.pid.new && mv pgbouncer.pid.new pgbouncer.pid
        wait "$!"
        : >ended
      } 8<&- 9>&- &
      pooler=$!
      ;;
    kill)
      until [ -e ended ]; do
        [ ! -e pgbouncer.pid ] || kill -KILL "$(cat pgbouncer.pid)"
        sleep 0.02 8<&- 9>&-
      done
      wait "$pooler"
      rm -f pgbouncer.pid
      pooler=
      ;;
    *) false ;;
  esac
}

while read -r verb ignored <&8; do
  if obey "$verb"; then echo done >&9; else echo failed >&9; fi
done

if [ -n "$pooler" ]; then obey kill; fi
cd / && rm -rf "$dir"
