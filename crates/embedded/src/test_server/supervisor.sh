# Does what it is told with one cluster, a line at a time, and removes it when standard input ends, in whatever way that happens.
#
# Arguments: the directory to make; the directory of the programs; options of initdb in one word; a command in one word that runs
# another as a user who is not root, if this one is; and then the arguments of postgres. Each line of standard input is a verb and its arguments, and is answered by `done` or `failed`.
dir=$1 bin=$2 initdb_options=$3 as_user=$4
shift 4
# Only the end of the input counts: a signal to everybody ends the one who writes it, too.
trap '' HUP INT TERM PIPE
umask 077
mkdir "$dir" && cd "$dir" || exit
exec 8<&0 9>&1 </dev/null >postgres.log 2>&1

# The program that copies a running server, which may be another installation's.
base_backup=

# The process that waits for the server, while there is one.
holder=

# Starts the server on the port $1, with the rest as its arguments. It tells its number and its end by files.
start() {
  if [ -n "$holder" ] && [ ! -e ended ]; then
    echo "the server is running already"
    return 1
  fi
  port=$1
  shift
  rm -f ended server.pid
  {
    $as_user "$bin/postgres" -D data -c port="$port" "$@" &
    echo "$!" >server.pid.new && mv server.pid.new server.pid
    wait "$!"
    : >ended
  } 8<&- 9>&- &
  holder=$!
}

# Sends the signal $1 until the server has ended: one that is only starting does not heed signals yet.
stop() {
  until [ -e ended ]; do
    [ ! -e server.pid ] || kill -"$1" "$(cat server.pid)"
    sleep 0.02 8<&- 9>&-
  done
  wait "$holder"
  holder=
}

# The options are words, so they are split here. A cluster gets its name only when it is whole.
obey() {
  case $1 in
    initdb) "$bin/initdb" -D data.new -U postgres -A trust -E UTF8 $initdb_options 8<&- 9>&- && mv data.new data ;;
    copy) cp -Rp "$2/data" data.new 8<&- 9>&- && mv data.new data ;;
    base-backup) base_backup=$2 ;;
    follow)
      "$base_backup" -p "${2%% *}" -h "${2#* }" -U postgres -D data.new -R -X stream -c fast --no-sync 8<&- 9>&- &&
        mv data.new data
      ;;
    stop) stop "$2" ;;
    promote) $as_user "$bin/pg_ctl" promote -D data -s -w 8<&- 9>&- ;;
    wal-disk)
      # Only this shell and its children see what is mounted.
      mkdir disk && mount -t tmpfs -o "size=$2,mode=0700" wal disk && mv data/pg_wal/* disk && rmdir data/pg_wal &&
        ln -s ../disk data/pg_wal
      ;;
    fill) dd if=/dev/zero of=disk/ballast bs=4k || [ -s disk/ballast ] ;;
    free) rm disk/ballast ;;
    signal) kill -"${2%% *}" "${2#* }" ;;
    *) false ;;
  esac
}

while read -r verb argument <&8; do
  if [ "$verb" = start ]; then start "$argument" "$@"; else obey "$verb" "$argument"; fi
  if [ "$?" = 0 ]; then echo done >&9; else echo failed >&9; fi
done

if [ -n "$holder" ]; then stop QUIT; fi
# A server that was killed has left a piece of shared memory to the next one, and there will be none.
if [ -e data/postmaster.pid ]; then ipcrm -m "$(sed -n '7s/.* //p' data/postmaster.pid)"; fi
if [ -d disk ]; then umount disk; fi
# A session that ends only now may have left one more file.
cd / && { rm -rf "$dir" || { sleep 1 && rm -rf "$dir"; }; }
