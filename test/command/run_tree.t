Nothing outlives a run: not what left the group, the session, the parent or the
environment, however the program ends.

  $ . "$TESTDIR/functions.sh"
  $ orphans="$TESTDIR/orphans.sh"
  $ attempt() { # LEVEL END [OPTION…]
  >   local level=$1 end=$2 seconds=$(unique); shift 2
  >   hostkit run --tree "$level" "$@" -- sh "$orphans" "$seconds" "$end" 2> /dev/null
  >   echo "$level $end: $? survivors $(sleepers "$seconds")"
  > }

  $ attempt auto exit
  auto exit: 5 survivors 0
  $ attempt auto crash
  auto crash: 139 survivors 0
  $ attempt auto wait --timeout 3s
  auto wait: 124 survivors 0
  $ attempt reaper exit
  reaper exit: 5 survivors 0
  $ attempt reaper crash
  reaper crash: 139 survivors 0
  $ attempt reaper wait --timeout 3s
  reaper wait: 124 survivors 0

Signals to hostkit end the program, and so its tree:

  $ seconds=$(unique)
  $ hostkit run -- sh "$orphans" "$seconds" wait & run=$!
  $ until_true are_there 7 "$seconds"
  $ kill -TERM $run; end_of $run
  [143]
  $ sleepers "$seconds"
  0

Hostkit itself killed: the program goes with it.

  $ seconds=$(unique)
  $ (hostkit run -- sleep "$seconds" & echo $! > pid)
  $ until_true are_there 1 "$seconds"; kill -KILL $(cat pid)
  $ until_true are_there 0 "$seconds"

What it was asked to leave alone is left:

  $ seconds=$(unique)
  $ hostkit run --keep-leftovers -- sh -c "sleep $seconds > /dev/null 2>&1 & echo \$!" > pid
  $ until_true are_there 1 "$seconds"
  $ kill "$(cat pid)"; until_true are_there 0 "$seconds"

The report says what was found:

  $ seconds=$(unique)
  $ hostkit run --json -- sh "$orphans" "$seconds" exit > document
  [5]
  $ field leftovers < document; field survivors < document; sleepers "$seconds"
  6
  0
  0

Left behind on purpose, named for ever, and ended by that name:

  $ seconds=$(unique)
  $ name=$(hostkit run --detach sleep "$seconds")
  $ echo "$name" | sed -E 's/[0-9]+/N/g'
  N@N:N
  $ read -r pid command state parent group session rest < "/proc/${name%%@*}/stat"
  $ [ "$pid" = "$session" ] && echo a session of its own
  a session of its own
  $ hostkit kill --wait 10s "$name" | tail -n 1 | cut -f 4
  ended
  $ sleepers "$seconds"
  0
  $ hostkit kill "$name" 2>&1 | sed -E "s/[0-9]+@[0-9]+:[0-9]+/NAME/"
  TARGET	PID	NAME	RESULT
  NAME	-	-	absent
  hostkit kill: 'NAME': no such process (ESRCH)

  $ hostkit run --detach --json sleep 300 > document
  $ valid < document; field detached < document; field exit_code < document
  valid
  true
  absent
  $ hostkit kill -s KILL "$(field identity < document)" > /dev/null
  $ hostkit run --detach no-such-program
  hostkit run: exec: 'no-such-program': no such file or directory (ENOENT); it is in no directory of PATH
  [127]
  $ hostkit run --detach --timeout 5s true
  hostkit run: '--detach' does not wait for the program, so '--timeout' has no meaning
  [125]
  $ hostkit run --detach --stdout log -- sh -c 'echo logged' | sed 's/@.*//' > pid
  $ until_true grep logged log

Where neither cgroups nor /proc can be seen, nobody claims that nothing was left:

  $ [ "$(id -u)" -eq 0 ] && unshare -m true 2> /dev/null || skip "no mount namespaces here"
  $ ldd "$(command -v hostkit)" | grep -q 'lib[at]san' && skip "sanitizers need /proc themselves"
  [1]
  $ unshare -m sh -c 'umount -l /proc; hostkit run -- echo never'
  hostkit run: tree: a tree of any kind, without cgroups and /proc, cannot be had here: operation not supported (EOPNOTSUPP)
  [125]
  $ unshare -m sh -c 'umount -l /proc; hostkit run --tree group -- echo in a group'
  in a group
