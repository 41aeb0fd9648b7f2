Processes that one may not look at.

  $ . "$TESTDIR/functions.sh"
  $ unshare --pid --fork --mount-proc mount -o remount,hidepid=1 /proc 2> /dev/null || skip "no pid namespaces here"
  $ cat > stranger <<'END'
  > #!/bin/sh
  > exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
  > END
  $ chmod +x stranger
  $ ./stranger hostkit version > /dev/null 2>&1 || skip "others cannot reach the program here"
  $ hidden() { unshare --pid --fork --mount-proc sh -c 'mount -o remount,hidepid=1 /proc; "$@"; exit $?' sh "$@"; }

Of several the others are shown:

  $ hidden ./stranger hostkit ps --show limits > shown 2> told; echo $?
  0
  $ grep -c ' hostkit: limits$' shown
  1
  $ grep 'yours' told
  hostkit ps: '1' is not yours to look at
  $ hidden ./stranger hostkit ps --show limits --json > document; valid < document
  valid
  $ python3 -c 'import json
  > rows = json.load(open("document"))["processes"]
  > print([row["pid"] for row in rows if "details" not in row], "open_files" in str(rows[-1]["details"]))'
  [1] True

The one that was asked for is denied:

  $ hidden ./stranger hostkit ps --show limits 1
  hostkit ps: /proc hides the processes of others from you (hidepid)
  hostkit ps: cannot show the processes: operation not permitted (EPERM)
  [6]

Without descriptors for it not everything is read, and that is told:

  $ (ulimit -n 5; hostkit ps 2>&1 > /dev/null) | sed 's/[0-9][0-9]*/N/; s/processes/process/'
  hostkit ps: not everything about N process could be read in time
