Signals by identity.

  $ . "$TESTDIR/functions.sh"
  $ exec 2> /dev/null # bash's own words about jobs that were killed
  $ start() { sleep "$(unique)" & pid=$!; until_true sleeps $pid sleep; }
  $ blur() { sed -E 's/\b[0-9]+@[0-9]+(:[0-9]+)?/IDENTITY/g; s/\b[0-9]{2,}\b/PID/g'; }

  $ start; hostkit kill $pid | blur; end_of $pid
  TARGET	PID	NAME	RESULT
  PID	PID	sleep	signalled
  [143]
  $ start; hostkit kill -s KILL $pid > /dev/null; end_of $pid
  [137]
  $ start; hostkit kill --signal sigusr1 $pid > /dev/null; end_of $pid
  [138]
  $ start; hostkit kill -s 10 $pid > /dev/null; end_of $pid
  [138]

Only asking whether it is there:

  $ start; hostkit kill -s 0 $pid | cut -f 3-; kill -0 $pid && echo alive
  NAME	RESULT
  sleep	running
  alive

Waiting for the end:

  $ hostkit kill --wait 10s $pid | cut -f 3-; end_of $pid
  NAME	RESULT
  sleep	ended
  [143]
  $ sh -c 'trap "" TERM; echo ready > ready; while :; do sleep 0.01; done' & pid=$!
  $ until_true test -s ready
  $ hostkit kill --wait 100ms $pid 2>&1 | blur
  TARGET	PID	NAME	RESULT
  PID	PID	sh	running
  hostkit kill: 'PID' is still running; SIGKILL cannot be refused: -s KILL
  $ hostkit kill --wait 50ms $pid > /dev/null 2>&1
  [8]
  $ hostkit kill --wait 10s -s KILL $pid > /dev/null; end_of $pid
  [137]

A stranger with the same number is not hit:

  $ start; hostkit kill $pid@1 2>&1 | blur; kill -0 $pid && echo alive
  TARGET	PID	NAME	RESULT
  IDENTITY	-	-	absent
  hostkit kill: 'IDENTITY': no such process (ESRCH)
  alive
  $ hostkit kill $pid@1 > /dev/null 2>&1
  [4]
  $ hostkit kill --json -s 0 $pid > document; valid < document
  valid
  $ identity=$(field targets.0.identity < document)
  $ hostkit kill "$identity:1" > /dev/null 2>&1
  [2]
  $ hostkit kill "${identity%:*}" > /dev/null; end_of $pid
  [143]

One that has ended but was not collected by its parent is no process any more:

  $ python3 -c 'import os, time
  > pid = os.fork()
  > if pid == 0: os._exit(0)
  > os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
  > print(pid, flush=True)
  > time.sleep(600)' > zombie & parent=$!
  $ until_true test -s zombie
  $ hostkit kill $(cat zombie) 2>&1 | blur
  TARGET	PID	NAME	RESULT
  PID	-	-	absent
  hostkit kill: 'PID': no such process (ESRCH)
  $ hostkit kill $parent > /dev/null; end_of $parent
  [143]

Several at once; the code says how many went well:

  $ start; one=$pid; start; two=$pid
  $ hostkit kill $one $two | cut -f 4; end_of $one; end_of $two
  RESULT
  signalled
  signalled
  [143]
  $ start
  $ hostkit kill $pid 999999999 2> /dev/null | cut -f 4; end_of $pid
  RESULT
  signalled
  absent
  [143]
  $ start; hostkit kill $pid 999999999 > /dev/null 2>&1
  [8]
  $ end_of $pid
  [143]

The table as it is wanted:

  $ start; hostkit kill -s 0 --no-header --columns result,name $pid
  running	sleep
  $ hostkit kill -s 0 --sort -pid --columns pid 1 $pid | tail -n 1
  1
  $ hostkit kill -s KILL --columns pdi $pid 2>&1
  hostkit kill: no column is called 'pdi'; did you mean 'pid'?
  [2]
  $ hostkit kill $pid > /dev/null; end_of $pid
  [143]

A tree:

  $ seconds=$(unique)
  $ sh -c "sleep $seconds & setsid sleep $seconds & wait" & pid=$!
  $ until_true are_there 2 $seconds
  $ hostkit kill --tree $pid | cut -f 3-; end_of $pid
  NAME	RESULT	PROCESSES
  sh	signalled	3
  [143]
  $ until_true are_there 0 $seconds

The document:

  $ start; hostkit kill --json --wait 10s $pid > document; end_of $pid
  [143]
  $ valid < document; field schema < document; field signal < document
  valid
  hostkit.kill/1
  SIGTERM
  $ field targets.0.result < document; field targets.0.name < document
  ended
  sleep
  $ hostkit kill --json 999999999 | field targets.0
  {"target": "999999999", "result": "absent", "error": "no such process"}

Mistakes, before anybody is signalled:

  $ start
  $ for word in abc -1 0 "$pid x" "" 1@ @5 99999999999999; do hostkit kill $pid -- "$word" > /dev/null 2>&1; echo $?; done | sort -u
  2
  $ kill -0 $pid && echo alive
  alive
  $ hostkit kill $pid bogus 2>&1
  hostkit kill: 'bogus' names no process; name a process by PID or PID@START:INODE, or a port as :8080
  [2]
  $ hostkit kill -s KLIL $pid 2>&1
  hostkit kill: option '--signal': 'KLIL' is not a signal; did you mean 'SIGKILL'?
  [2]
  $ hostkit kill -9 $pid 2>&1
  hostkit kill: unknown option '-9'; did you mean '-s 9'?
  [2]
  $ hostkit kill 2>&1
  hostkit kill: name a process, or a port as :8080; see hostkit kill --help
  [2]
  $ hostkit kill -s KILL $pid > /dev/null; end_of $pid
  [137]

The signals there are:

  $ hostkit kill --list | grep -E 'SIG(HUP|KILL|TERM)$'
  1	SIGHUP
  9	SIGKILL
  15	SIGTERM
  $ hostkit kill --list --json | field signals.SIGTERM
  15
