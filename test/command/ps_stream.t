Watching processes.

  $ . "$TESTDIR/functions.sh"

So many samples, a line each, numbered, with figures over the interval:

  $ hostkit ps -i 50ms -n 3 --json $$ > stream
  $ wc -l < stream
  3
  $ python3 -c 'import json
  > spent = 0
  > for line in open("stream"):
  >     sample = json.loads(line)
  >     row = sample["processes"][0]
  >     spent += sample["sampler"]["interval_s"]
  >     print(sample["schema"], sample["seq"], row["name"], row["cpu_percent"] >= 0,
  >           0 < sample["sampler"]["interval_s"] < 60, sample["exited"])
  > print(spent > 0.1)'
  hostkit.ps.sample/1 1 bash True True []
  hostkit.ps.sample/1 2 bash True True []
  hostkit.ps.sample/1 3 bash True True []
  True

Who starts and who ends is told:

  $ python3 "$TESTDIR/ps_watch.py"
  started
  busy
  exited

An interrupt is a good end:

  $ hostkit ps -i 20ms --json $$ > endless & watch=$!
  $ until_true test -s endless
  $ kill -INT $watch; wait $watch
  $ tail -n 1 endless | valid
  valid

For people:

  $ hostkit ps -i 20ms -n 1 --columns pid,name $$ | sed -E "s/$$/SHELL/; s/^[0-9:]+ .*/HEADING/" | head -n 3
  HEADING
  PID	NAME
  SHELL	bash
  $ hostkit ps -i 1ms 2>&1
  hostkit ps: option '--interval': '1ms' is not an interval; 10ms is the shortest
  [2]
