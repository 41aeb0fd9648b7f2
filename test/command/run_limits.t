Limits, priority and the rest of what a program is born with.

  $ . "$TESTDIR/functions.sh"
  $ limit() { hostkit run "$@" -- cat /proc/self/limits; }

  $ limit --limit-nofile 100 | grep 'open files' | tr -s ' '
  Max open files 100 100 files 
  $ limit -n 64:128 | grep 'open files' | tr -s ' '
  Max open files 64 128 files 
  $ limit --limit-core 0 --limit-stack 4M:8M --limit-cpu 90s --limit-fsize 1G | grep -E 'core|stack|cpu|file size' | tr -s ' '
  Max cpu time 90 90 seconds 
  Max file size 1073741824 1073741824 bytes 
  Max stack size 4194304 8388608 bytes 
  Max core file size 0 0 bytes 
  $ limit --limit-as 1G --limit-data 512M --limit-memlock 32K --limit-msgqueue 4K | grep -E 'address|data|locked|msgqueue' | tr -s ' '
  Max data size 536870912 536870912 bytes 
  Max locked memory 32768 32768 bytes 
  Max address space 1073741824 1073741824 bytes 
  Max msgqueue size 4096 4096 bytes 
  $ limit --limit-nproc 5000 --limit-sigpending 77 --limit-rttime 2ms --limit-rtprio 0 --limit-nice 0 --limit-locks 9 --limit-rss 1M |
  >   grep -E 'processes|pending|timeout|priority|locks|resident' | tr -s ' '
  Max resident set 1048576 1048576 bytes 
  Max processes 5000 5000 processes 
  Max file locks 9 9 locks 
  Max pending signals 77 77 signals 
  Max nice priority 0 0 
  Max realtime priority 0 0 
  Max realtime timeout 2000 2000 us 
  $ hostkit run --limit-core unlimited -n 5 -n 6 -- sh -c 'ulimit -n'
  6

A limit is felt:

  $ hostkit run --limit-fsize 1K -- sh -c 'head -c 2000 /dev/zero > big' 2> /dev/null
  [153]
  $ hostkit run --limit-cpu 1s:5s -- sh -c 'while :; do :; done'
  [152]

Mistakes:

  $ hostkit run --limit-nofile many true
  hostkit run: option '--limit-nofile': 'many' is not a limit; write a number with its unit, unlimited, or both limits as SOFT:HARD
  [125]
  $ hostkit run --limit-nofile 10:5 true
  hostkit run: option '--limit-nofile': '10:5' is not a limit; the first number may not exceed the second
  [125]
  $ hostkit run --limit-nofile 1:2:3 true 2> /dev/null
  [125]
  $ hostkit run --limit-nofiles 5 true
  hostkit run: unknown option '--limit-nofiles'; did you mean '--limit-nofile'?
  [125]

Priority:

  $ hostkit run --nice 7 -- sh -c 'nice'
  7
  $ hostkit run --nice=20 true
  hostkit run: option '--nice': '20' is not a whole number from -20 to 19
  [125]
  $ command -v ionice > /dev/null || ionice() { case $2 in 2) echo 'idle';; esac; }
  $ hostkit run --io-class idle -- ionice
  idle
  $ hostkit run --io-class best-effort --io-level 3 -- ionice
  best-effort: prio 3
  $ hostkit run --io-level 6 -- ionice
  best-effort: prio 6
  $ hostkit run --io-class lazy true
  hostkit run: option '--io-class': 'lazy' is not a word it knows; write one of: realtime best-effort idle
  [125]
  $ hostkit run --oom-score 321 -- cat /proc/self/oom_score_adj
  321
  $ hostkit run --umask 027 -- sh -c 'umask; touch made'; stat -c %a made
  0027
  640
  $ hostkit run --umask 9 true
  hostkit run: option '--umask': '9' is not an octal mask; write 022 or 077
  [125]

CPUs:

  $ hostkit run --affinity 0 -- grep Cpus_allowed_list /proc/self/status
  Cpus_allowed_list:	0
  $ hostkit run --affinity 0,0-0 -- grep Cpus_allowed_list /proc/self/status
  Cpus_allowed_list:	0
  $ for list in '' , 0, 2-1 a 0-9999 1--2; do hostkit run --affinity "$list" true 2> /dev/null; echo $?; done | sort -u
  125

Groups and sessions:

  $ ids() { hostkit run "$@" -- sh -c 'read -r pid name state parent group session rest < /proc/self/stat; [ $pid = $group ] && echo leads; [ $pid = $session ] && echo session'; }
  $ ids
  [1]
  $ ids --new-group
  leads
  [1]
  $ ids --new-session
  leads
  session
