# Runs one cluster for as long as somebody holds the other end of standard input.
#
# Arguments: the cluster's directory; the directory of initdb and postgres; `keep` or `remove`, for what becomes of the
# directory; options of initdb in one word; and then the arguments of postgres. Standard output is the locked file that
# tells others that this cluster is taken: it is held until the very end, and given to nobody else.
dir=$1 bin=$2 afterwards=$3 initdb_options=$4
shift 4
# Only the end of the users counts: a signal to everybody ends those too.
trap '' HUP INT TERM
umask 077
if [ "$afterwards" = remove ]; then mkdir "$dir" || exit; fi
cd "$dir" || exit
exec 8<&0 9>&1 </dev/null >postgres.log 2>&1
rm -rf welcome-* data.new

# The options are words, so they are split here. A cluster gets its name only when it is whole.
server=
if [ -d data ] || {
  "$bin/initdb" -D data.new -U postgres -A trust -E UTF8 $initdb_options 8<&- 9>&- && mv data.new data
}; then
  "$bin/postgres" -D data "$@" 8<&- 9>&- &
  server=$!
  echo "$server" >server.pid
fi

# Each line names a file by which a newcomer learns that it is among the users and that the end waits for it, too. A
# starting server does not heed signals yet, hence the repetition.
serve_users() {
  while read -r newcomer <&8; do : >"$newcomer"; done
  until [ -z "$server" ] || [ -e ended ] || ! kill -INT "$server"; do sleep 0.1 8<&- 9>&-; done
}
# The second waits for the end of the first, which says nothing, and takes over from one that was killed: else the server
# would outlive its users.
serve_users | { read -r nothing; serve_users; } &
readers=$!

if [ -n "$server" ]; then wait "$server"; fi
: >ended
if [ "$afterwards" = keep ]; then
  # A server that has ended by itself is no use to those who are still there, and must not keep the next one waiting.
  # The readers and this shell are all that is left of the process group.
  kill -KILL 0
else
  # The log is of use until then.
  wait "$readers"
  cd / && rm -rf "$dir"
fi
