As process 1 of a container: it collects orphans, hands on signals, and ends.

  $ . "$TESTDIR/up_lib.sh"
  $ [ "$(id -u)" -eq 0 ] || skip "making a pid namespace needs root"
  $ unshare --pid --fork --mount-proc true 2> /dev/null || skip "no pid namespaces here"
  $ cat > orphan.sh <<'END'
  > # grandchildren whose parent is gone: they belong to process 1 when they end
  > for each in 1 2 3 4 5; do (setsid sh -c 'sleep 0.01' &); done
  > trap 'echo "hup"' HUP
  > trap 'echo "usr1"' USR1
  > trap 'echo "term"; exit 0' TERM
  > echo "sees $(cat /proc/1/comm)"
  > while :; do
  >   sleep 0.02
  >   [ -e reaped ] || grep -lq 'State:.Z' /proc/[0-9]*/status 2>/dev/null || [ "$(pgrep -c sleep)" -gt 1 ] || touch reaped
  > done
  > END
  $ cat > hostkit.yaml <<'END'
  > services:
  >   init: {command: bash orphan.sh}
  > END
  $ unshare --pid --fork --mount-proc hostkit up --state-directory "$state" > shown 2> errors & outside=$!
  $ shown 1 'sees hostkit'
  $ up=$(pgrep -P $outside); ups+=("$up")
  $ until_true test -e reaped
  $ kill -HUP $up; shown 1 '| hup'
  $ kill -USR1 $up; shown 1 '| usr1'
  $ kill -TERM $up; end_of $outside
  $ grep -o '| .*' shown
  | sees hostkit
  | hup
  | usr1
  | term
  $ told | tail -n 1
  hostkit: init: stopped (exit code 0 after TIME)

It ends when all has ended, also there:

  $ echo 'services: {one: {command: "false", restart: "no"}}' > hostkit.yaml
  $ unshare --pid --fork --mount-proc hostkit up --state-directory "$state" > shown
  [8]
