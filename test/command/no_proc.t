A machine whose /proc is missing, or says less than it should: what is absent is not 0.

  $ . "$TESTDIR/functions.sh"
  $ ldd "$(command -v hostkit)" | grep -q 'lib[at]san' && skip "sanitizers need /proc themselves"
  [1]
  $ unshare --mount sh -c 'mount --bind /dev/null /proc/stat && mount -t tmpfs none /proc' 2> /dev/null || skip "no mount namespaces here"
  $ bare() { unshare --mount sh -c 'mount -t tmpfs none /proc; "$@"; exit $?' sh "$@"; }
  $ poor() { unshare --mount sh -c 'mount --bind /dev/null /proc/stat; mount --bind /dev/null /proc/meminfo; mount --bind /dev/null /proc/loadavg; "$@"; exit $?' sh "$@"; }

  $ bare hostkit ps
  hostkit ps: cannot read the processes: input/output error (EIO); is /proc mounted?
  [9]
  $ bare hostkit ps -i 10ms -n 1
  hostkit ps: cannot go on watching processes: input/output error (EIO); is /proc mounted?
  [9]
  $ bare hostkit top -n 1
  hostkit top: cannot look at the machine: input/output error (EIO); is /proc mounted?
  [9]
  $ bare hostkit metrics --processes user | grep 'success.*"processes"'
  hostkit_scrape_section_success{section="processes"} 0
  $ bare hostkit info | grep -E '^(cpu|memory|swap)'
  cpu       -
  memory    -
  swap      -
  $ poor hostkit info | grep -E '^(cpu|memory|swap|not read)'
  cpu       -
  memory    -
  swap      -
  not read  cpu: not in the expected format
