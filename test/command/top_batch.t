Samples without a screen.

  $ . "$TESTDIR/functions.sh"
  $ name=batch$RANDOM$$
  $ (exec -a $name sleep 1000) & sleeper=$!; until_true sleeps $sleeper $name

Where nobody looks at a screen it is a table, of measured figures:

  $ hostkit top -i 100ms -n 2 --filter "name == sleep && command ~ $name" > samples
  $ grep -c '^[^ ]*  up .*  load [0-9. ]*$' samples
  2
  $ grep -c '^cpu [0-9.]*%  memory .* of .*  [0-9]* processes$' samples
  2
  $ grep "$name" samples | cut -f 1,5,9 | sed "s/$sleeper/PID/; s/$name/NAME/" | sort -u
  PID\tsleeping\tNAME 1000 (esc)
  $ hostkit top -n 1 -i 50ms -l 3 | sed 1,3d | wc -l
  3

With --json a document a line, which holds what info and ps say:

  $ hostkit top --json -i 50ms -n 3 -l 0 --sort -pid > lines
  $ wc -l < lines
  3
  $ python3 - lines $sleeper <<'END'
  > import json, sys
  > samples = [json.loads(line) for line in open(sys.argv[1])]
  > for number, sample in enumerate(samples, 1):
  >     assert sample["schema"] == "hostkit.top/1" and sample["seq"] == number, sample["seq"]
  >     pids = [process["pid"] for process in sample["processes"]]
  >     assert pids == sorted(pids) and int(sys.argv[2]) in pids
  >     assert 0 <= sample["cpu"]["used_percent"] <= 100, sample["cpu"]["used_percent"]
  >     assert all("cpu_percent" in process for process in sample["processes"] if process["pid"] == int(sys.argv[2]))
  >     assert sample["memory"]["used_bytes"] == sample["memory"]["total_bytes"] - sample["memory"]["available_bytes"]
  > times = [sample["time_s"] for sample in samples]
  > assert all(a < b for a, b in zip(times, times[1:])), times
  > END

A reader that goes away ends it, and so does a signal:

  $ hostkit top -i 50ms -b | head -n 1 | wc -l
  1
  $ hostkit top -i 100ms --json > stream & top=$!
  $ until_true test -s stream; kill -TERM $top; end_of $top

  $ hostkit top --sort colour
  hostkit top: option '--sort': 'colour' is not a column of a process; write cpu, rss, pid, name …; hostkit ps --columns all shows them
  [2]
  $ hostkit top --filter 'cpu >' -n 1 2>&1 | head -c 14; echo
  hostkit top: f
  $ hostkit top -i 1ms
  hostkit top: option '--interval': '1ms' is not an interval; write 50ms or more
  [2]
  $ hostkit top extra 2> /dev/null
  [2]
  $ kill $sleeper; end_of $sleeper
  [143]
