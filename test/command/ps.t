The processes of this machine.

  $ . "$TESTDIR/functions.sh"
  $ exec 2> /dev/null # bash's own words about jobs that were killed
  $ seconds=$(unique)
  $ start() { sleep "$seconds" & pid=$!; until_true sleeps $pid sleep; }
  $ blur() { sed -E "s/$pid/PID/g; s/$seconds/SECONDS/g; s/$$/SHELL/g"; }
  $ start

Those that are named, with the columns that are wanted, also by the names of ps(1):

  $ hostkit ps --columns pid,ppid,name,threads,command $pid | blur
  PID	PPID	NAME	THREADS	COMMAND
  PID	SHELL	sleep	1	sleep SECONDS
  $ hostkit ps -p $pid -o pid,nlwp,comm,args --no-header | blur
  PID	1	sleep	sleep SECONDS
  $ hostkit ps --columns pid,nmae 2>&1
  hostkit ps: no column is called 'nmae'; did you mean 'name'?
  [2]

  $ hostkit ps -ef | head -n 1
  USER	PID	PPID	START	TTY	TIME	COMMAND
  $ hostkit ps -efo comm -p $pid --no-header
  sleep

One process for ever, or nobody:

  $ start_ticks=$(hostkit ps --json $pid | field processes.0.start_ticks)
  $ hostkit ps --no-header --columns name $pid@$start_ticks
  sleep
  $ hostkit ps --no-header --columns name $pid@1 2>&1 | blur
  hostkit ps: there is no process 'PID@1'
  $ hostkit ps $pid@1 > /dev/null
  [4]
  $ hostkit ps $pid $pid@1 > /dev/null
  [8]
  $ hostkit ps nobody 2>&1
  hostkit ps: 'nobody' is no process id; write a number, or PID@START:INODE
  [2]

  $ hostkit ps -p '' 2>&1
  hostkit ps: '' names nobody; leave it out to see all
  [2]
  $ hostkit ps --columns '' 2>&1
  hostkit ps: no column is named; --columns all shows what there is
  [2]

A document, with the words of psutil:

  $ hostkit ps --json $pid > document; valid < document
  valid
  $ field schema < document
  hostkit.ps/1
  $ for key in pid ppid name state threads command kernel; do
  >   echo "$key $(field processes.0.$key < document)"; done | blur
  pid PID
  ppid SHELL
  name sleep
  state sleeping
  threads 1
  command ["sleep", "SECONDS"]
  kernel false
  $ test "$(field processes.0.uid < document)" = "$(id -u)"
  $ test "$(field processes.0.user < document)" = "$(id -un)"
  $ test "$(field processes.0.rss_bytes < document)" -gt 0
  $ field processes.0.cpu_percent < document
  absent
  $ hostkit ps --json --columns pid,cpu $pid | field processes.0.cpu_percent
  0

Filters:

  $ hostkit ps --no-header --columns name --filter "pid == $pid && name ~ ^sl && rss < 1G"
  sleep
  $ hostkit ps --columns pid --filter "/sleep $seconds/ && !kernel && name == sleep" --no-header | blur
  PID
  $ hostkit ps --filter "command ~ 'sleep $seconds' && state == zombie" --json
  {
    "schema": "hostkit.ps/1",
    "processes": []
  }
  [1]

A filter by text leaves out the command that holds its words, unless it is asked for by its id:

  $ hostkit ps --no-header --columns pid --filter 'command ~ words_that_nobody_else_has'
  [1]
  $ hostkit ps --no-header --columns name --filter "command ~ words_that_nobody_else_has && pid > 0"
  hostkit

What makes no sense is told with its place:

  $ hostkit ps --filter 'cpu > 5 && usr == www' 2>&1
  hostkit ps: filter:1:12: no column is called 'usr'; did you mean 'user'?
  [2]
  $ hostkit ps --filter 'rss > lots' 2>&1
  hostkit ps: filter:1:7: 'rss_bytes' is a size, not 'lots'; write 512M, 64K or 1.5G
  [2]
  $ hostkit ps -u "$(id -un)" --filter "pid == $pid" --columns pid --no-header | blur
  PID
  $ hostkit ps -u "$(id -u)" $pid --columns pid --no-header | blur
  PID
  $ hostkit ps -u nobody-is-called-so 2>&1
  hostkit ps: there is no user 'nobody-is-called-so'
  [4]
  $ hostkit ps -u 4294967294 > /dev/null
  [1]

Names that lie:

  $ mkfifo fifo
  $ python3 -c 'open("/proc/self/comm", "wb").write(b"a) S 1 (b\nc"); open("ready", "w").write("x"); open("fifo").read()' & evil=$!
  $ until_true test -s ready
  $ hostkit ps --columns name,ppid --no-header $evil | blur
  a) S 1 (b\\nc	SHELL (esc)
  $ hostkit ps --json $evil | field processes.0.name
  a) S 1 (b
  c
  $ echo > fifo; end_of $evil

A tree has parents before children; named is a root:

  $ sh -c 'sleep "$0" & sleep "$0" & wait' $seconds & tree=$!
  $ until_true are_there 3 $seconds
  $ hostkit ps --tree --columns name --no-header $tree | blur
  sh -c sleep "$0" & sleep "$0" & wait SECONDS
  ├─sleep SECONDS
  └─sleep SECONDS
  $ hostkit ps --tree --json --filter "command ~ '^sleep $seconds' && ppid == $tree" > document
  $ python3 -c 'import json, sys
  > rows = json.load(open("document"))["processes"]
  > depths = {row["pid"]: row["depth"] for row in rows}
  > seen = set()
  > for row in rows:
  >     assert row["depth"] == 0 or row["ppid"] in seen, row
  >     assert row["depth"] == 0 or depths[row["ppid"]] == row["depth"] - 1, row
  >     seen.add(row["pid"])
  > print(sum(row["name"] == "sleep" for row in rows), int(sys.argv[1]) in seen)' $tree
  2 True
  $ hostkit ps --tree --sort rss 2>&1
  hostkit ps: --tree and --sort do not go together; a tree has its own order
  [2]

Groups are sums:

  $ hostkit ps --group name --filter "/sleep $seconds/ && name == sleep" --columns group,processes
  GROUP	PROCESSES
  sleep	3
  $ hostkit ps --group user --json --filter "pid == $pid" > document
  $ test "$(field groups.0.group < document)" = "$(id -un)"
  $ field groups.0.processes < document
  1

Order and limit:

  $ hostkit ps --sort -rss --limit 3 --columns rss --no-header | wc -l
  3
  $ hostkit ps --sort -pid --columns pid --no-header | sort -c -n -r && echo ordered
  ordered

Where we choose the columns, the reasons for rows and their order are among them:

  $ hostkit ps --sort -nice $pid | head -n 1
  PID\tPPID\tUSER\tSTATE\tTHREADS\tRSS\tTIME\tNICE\tCOMMAND (esc)
  $ hostkit ps --filter "cpu >= 0 && pid == $pid" | head -n 1
  PID\tPPID\tUSER\tSTATE\tTHREADS\tRSS\tTIME\tCPU%\tCOMMAND (esc)
  $ hostkit ps --sort -rss $pid | head -n 1
  PID\tPPID\tUSER\tSTATE\tTHREADS\tRSS\tTIME\tCOMMAND (esc)
  $ hostkit ps --group name --sort -cpu $pid | head -n 1
  GROUP\tPROCESSES\tTHREADS\tTIME\tRSS\tCPU%\tMEM% (esc)
  $ hostkit ps --sort -cpu --columns pid --no-header $pid | blur
  PID

  $ kill $(pgrep -P $tree); end_of $tree

Closely:

  $ hostkit ps $pid --show limits,children --json > document; valid < document
  valid
  $ field processes.0.details.children < document
  []
  $ python3 -c 'import json, resource
  > limits = json.load(open("document"))["processes"][0]["details"]["limits"]
  > soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
  > print([row["soft"] == soft and row["hard"] == hard for row in limits if row["name"] == "open_files"])'
  [True]
  $ hostkit ps $pid --show files | sed -n 1,2p | blur
  PID sleep: files
  FD\tKIND\tPATH\tMODE\tPOSITION\tINODE\tMOUNT\tFLAGS (esc)
  $ hostkit ps $pid --show file 2>&1
  hostkit ps: option '--show': 'file' is not a list of sections; there are threads, files, connections, memory, maps, environment, limits, credentials, namespaces, cgroups, children and all
  [2]

  $ kill $pid; end_of $pid
  [143]
