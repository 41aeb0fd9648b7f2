# Start six sleepers that try to get away, each in its own manner, then go on as the
# second word says.  usage: orphans.sh SECONDS wait|exit|crash
sleep "$1" &
setsid sleep "$1" &
(sleep "$1" &)
(setsid sh -c "sleep $1 & exec sleep $1" &)
(env -i PATH="$PATH" setsid sleep "$1" &)
# Be sure all are there before anything ends.
while [ "$(grep -lsaP "^sleep\x00$1\x00\$" /proc/[0-9]*/cmdline | wc -l)" -lt 6 ]; do
	sleep 0.01
done
case $2 in
wait) exec sleep "$1" ;;
exit) exit 5 ;;
crash) kill -SEGV $$ ;;
esac
