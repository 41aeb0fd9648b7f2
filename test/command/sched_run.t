Tasks run under a policy, and a prediction beside what was measured.

  $ . "$TESTDIR/functions.sh"

A workload with a command in each task; output is shown if asked for:

  $ cat > jobs.json <<'END'
  > {"tasks": [
  >   {"id": "A", "burst": "10ms", "command": ["sh", "-c", "echo from A"]},
  >   {"id": "B", "burst": "10ms", "command": ["sh", "-c", "echo from B >&2"], "depends_on": ["A"]}
  > ]}
  > END
  $ hostkit sched run jobs.json --output > out
  $ sed -n 1,4p out
  ==> A stdout <==
  from A
  ==> B stderr <==
  from B
  $ cut -f 1,2,8 out | sed -n 5,7p
  TASK	OUTCOME	TURNS
  A	done	1
  B	done	1
  $ grep -c '^2 of 2 tasks done in ' out
  1
  $ grep -o 'same order' out
  same order
  $ grep -A9 '^2 of 2' out | awk 'length > 80'

What went wrong stays on a screen of the usual width:

  $ cat > wrong.json <<'END'
  > [{"id": "a-rather-long-name", "command": ["sh", "-c", "exit 3"]},
  >  {"id": "B", "command": ["no-such-program"]}]
  > END
  $ NO_COLOR=1 python3 "$TESTDIR/terminal.py" --size 24x80 --show -- hostkit sched run wrong.json > out
  $ grep -oE 'CODE  WHY| 3  -|exec: .no-such' out
  CODE  WHY
   3  -
  exec: 'no-such

Standard input does as well, also as CSV; the environment and the folder are the task's:

  $ mkdir there
  $ printf 'id,command,working_dir\nA,pwd,there\n' | hostkit sched run -o | sed -n 2p | xargs basename
  there

The urgent first, in the order asked for:

  $ cat > order.json <<'END'
  > [{"id": "A", "priority": 1, "command": "true"},
  >  {"id": "B", "priority": 3, "command": "true"},
  >  {"id": "C", "priority": 2, "command": "true"}]
  > END
  $ ends() { python3 -c 'import json, sys
  > tasks = json.load(sys.stdin)["tasks"]
  > print(*(t["id"] for t in sorted(tasks, key=lambda t: t["end_ms"])))'; }
  $ hostkit --json sched run order.json --policy priority | ends
  B C A
  $ hostkit --json sched run order.json --policy priority --priority low | ends
  A C B
  $ hostkit --json sched run order.json --policy fcfs | ends
  A B C

The document says all of it:

  $ hostkit sched run --json --output --quantum 20ms --slots 2 jobs.json > run.json
  $ field schema < run.json
  hostkit.sched.run/1
  $ field policy < run.json
  rr
  $ field quantum_ms < run.json
  20
  $ field slots < run.json
  2
  $ field tasks.0.stdout < run.json
  from A
  
  $ field tasks.1.stderr_bytes < run.json
  7
  $ field totals.done < run.json
  2
  $ field comparison.same_order < run.json
  true
  $ field comparison.differences.1.id < run.json
  B

What goes wrong is told, and what depends on it does not run:

  $ cat > bad.json <<'END'
  > [{"id": "fails", "command": ["sh", "-c", "exit 3"]},
  >  {"id": "missing", "command": "/no/such/program"},
  >  {"id": "after", "command": "true", "depends_on": ["fails"]},
  >  {"id": "whatever", "command": "true", "depends_on": [{"id": "fails", "condition": "any"}]}]
  > END
  $ hostkit sched run bad.json > out
  [8]
  $ cut -f 1,2,9,10 out | sed -n 2,5p
  fails	failed	3	-
  missing\tfailed\t-\texec: '/no/such/program': no such file or directory (esc)
  after	dependency_failed	-	fails
  whatever	done	0	-
  $ printf '[{"id": "A", "command": "false"}]' | hostkit sched run > /dev/null
  [9]

A task that runs too long is ended, and one that fails is tried again:

  $ printf '[{"id": "A", "command": "sleep 1000", "run_timeout": "50ms"}]' | hostkit sched run --json > out
  [9]
  $ field tasks.0.outcome < out; field tasks.0.error < out
  timed_out
  ran longer than its run_timeout, 50ms
  $ printf '[{"id": "A", "command": ["sh", "-c", "test -e flag || { touch flag; false; }"], "retries": 2, "backoff": "1ms"}]' | hostkit sched run --json > out
  $ field tasks.0.tries < out
  2

Mistakes have their place:

  $ hostkit sched run nowhere.json
  hostkit sched run: cannot read 'nowhere.json': no such file or directory (ENOENT)
  [4]
  $ printf '[{"id": "A", "burst": -1, "command": "true"}]' > mistake.json
  $ hostkit sched run mistake.json
  hostkit sched run: mistake.json:1:23: burst: a time is not negative
  [7]
  $ printf '[{"id": "A", "depends_on": ["B"], "command": "true"},\n {"id": "B", "depends_on": ["A"], "command": "true"}]' | hostkit sched run 2> err
  [7]
  $ grep -c "circle: 'A' -> 'B' -> 'A'" err
  1
  $ printf '[{"id": "A", "burst": 1}]' | hostkit sched run
  hostkit sched run: standard input:1:2: command: 'A' has none, so there is nothing to run; a simulation needs none
  [7]
  $ printf 'id,command,period\nA,true,\nB,true,20\n' > periodic.csv
  $ hostkit sched run periodic.csv
  hostkit sched run: periodic.csv:3:8: period: a periodic task can be simulated and not run; give each release a task of its own, with start_after
  [7]

What an editor puts before the text is passed over:

  $ printf '\357\273\277[{"id": "A", "command": "true"}]' | hostkit sched run | cut -f 1,2 | sed -n 1,2p
  TASK	OUTCOME (esc)
  A	done (esc)
  $ hostkit sched run --policy roulette order.json
  hostkit sched run: option '--policy': there is no policy 'roulette'; 'hostkit sched policies' lists them
  [2]
  $ hostkit sched run --policy stride2 order.json
  hostkit sched run: option '--policy': there is no policy 'stride2'; did you mean 'stride'?
  [2]
  $ hostkit sched run --quantum 1us order.json 2> err
  [2]

A chart for the browser:

  $ hostkit sched run --gantt turns.svg order.json > /dev/null
  $ head -c 4 turns.svg
  <svg (no-eol)

Ctrl-C ends what runs, and nothing is left:

  $ seconds=$(unique)
  $ printf '[{"id": "A", "command": "sleep %s"}, {"id": "B", "command": "true"}]' "$seconds" > long.json
  $ hostkit sched run --json --policy fcfs long.json > out & pid=$!
  $ until_true are_there 1 "$seconds"
  $ kill -INT $pid
  $ wait $pid
  [8]
  $ field tasks.0.outcome < out
  cancelled
  $ field tasks.1.outcome < out
  cancelled
  $ sleepers "$seconds"
  0

And if hostkit itself is killed, the guard ends them:

  $ seconds=$(unique)
  $ printf '[{"id": "A", "command": "sleep %s"}, {"id": "B", "command": "sleep %s"}]' "$seconds" "$seconds" > long.json
  $ hostkit sched run --quantum 5ms long.json > out & pid=$!
  $ until_true are_there 2 "$seconds"
  $ { kill -KILL $pid; wait $pid; } 2> err
  [137]
  $ until_true are_there 0 "$seconds"

Also whom only hostkit knew, as he left session and parents. It knows him when it has stopped
him once with the rest of his task; only then his parent ends:

  $ seconds=$(unique)
  $ echo "echo \$\$ > escaped; exec sleep $seconds" > escaped.sh
  $ cat > escape.json <<END
  > [{"id": "A", "command": "sleep $seconds"},
  >  {"id": "B", "command": ["sh", "-c", "(setsid sh escaped.sh & until [ -e known ]; do sleep 0.01; done; : > left) & while :; do :; done"]},
  >  {"id": "C", "command": ["sh", "-c", "while :; do :; done"]}]
  > END
  $ hostkit sched run --freeze-by signal --quantum 5ms escape.json > out & pid=$!
  $ until_true are_there 2 "$seconds"
  $ until_true grep -q '^State:.T' /proc/$(cat escaped)/status
  $ touch known; until_true test -e left
  $ { kill -KILL $pid; wait $pid; } 2> err
  [137]
  $ until_true are_there 0 "$seconds"

Beside the simulator:

  $ hostkit sched compare order.json --policy fcfs > out
  $ cut -f 1 out | sed -n 1,4p
  ID
  A
  B
  C
  $ sed -En 's/^0 to [0-9.]+ ms: //p' out
  # runs, + runs in part, . waits
  $ grep -c 'predicted ' out
  4
  $ grep -c ' measured  ' out
  3
  $ hostkit sched compare order.json --policy fcfs --json | field schema
  hostkit.sched.compare/1
