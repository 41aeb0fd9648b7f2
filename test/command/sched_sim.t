Schedules in virtual time.

  $ . "$TESTDIR/functions.sh"

A round robin from a textbook (24, 3 and 3 under a quantum of 4): the table, what it
comes to, and the chart.

  $ cat > tasks.json <<END
  > {"tasks": [{"id": "P1", "arrival": 0, "burst": 24},
  >            {"id": "P2", "arrival": 0, "burst": 3},
  >            {"id": "P3", "arrival": 0, "burst": 3}]}
  > END
  $ hostkit sched sim tasks.json --policy rr --quantum 4
  round robin, quantum 4, ties to the newcomer
  
  TASK\tARRIVAL\tBURST\tSTART\tEND\tRESPONSE\tWAIT\tTURNAROUND\tSLICES (esc)
  P1\t0\t24\t0\t30\t0\t6\t30\t6 (esc)
  P2\t0\t3\t4\t7\t4\t4\t7\t1 (esc)
  P3\t0\t3\t7\t10\t7\t7\t10\t1 (esc)
  
  response    average 3.66667, half within 4, 90 % 7, 99 % 7, longest 7
  wait        average 5.66667, half within 6, 90 % 7, 99 % 7, longest 7
  turnaround  average 15.6667, half within 10, 90 % 30, 99 % 30, longest 30
  makespan 30, utilisation 100 %, fairness 0.852, 3 switches, 0 preemptions
  
  |   P1    |  P2   |  P3   |                        P1                         |
  0         4       7       10                                                  30

As data:

  $ hostkit --json sched sim tasks.json -p rr -q 4 | python3 -c '
  > import json, sys
  > document = json.load(sys.stdin)
  > run, = document["runs"]
  > print(document["schema"], run["policy"], run["quantum"], run["tie"], run["cpus"])
  > print(run["tasks"][0])
  > print(run["average"])
  > print(run["gantt"])'
  hostkit.sched/1 rr 4 newcomer 1
  {'id': 'P1', 'priority': 0, 'arrival': 0, 'burst': 24, 'start': 0, 'end': 30, 'response': 0, 'wait': 6, 'turnaround': 30, 'slices': 6, 'cpu': 0, 'outcome': 'done'}
  {'response': 3.666667, 'wait': 5.666667, 'turnaround': 15.666667}
  [{'id': 'P1', 'cpu': 0, 'start': 0, 'end': 4}, {'id': 'P2', 'cpu': 0, 'start': 4, 'end': 7}, {'id': 'P3', 'cpu': 0, 'start': 7, 'end': 10}, {'id': 'P1', 'cpu': 0, 'start': 10, 'end': 30}]

Several policies are compared, from any of the formats:

  $ printf 'id,burst\nA,6\nB,8\nC,7\nD,3\n' | hostkit sched sim --policy fcfs,sjf
  4 tasks, averages
  
  POLICY\tRESPONSE\tWAIT\tTURNAROUND\tLONGEST WAIT\tMAKESPAN\tFAIRNESS\tUTILISATION\tSWITCHES (esc)
  fcfs\t10.250\t10.250\t16.250\t21\t24\t0.709\t100.00%\t3 (esc)
  sjf\t7.000\t7.000\t13.000\t16\t24\t0.850\t100.00%\t3 (esc)
  $ hostkit sched sim tasks.json --policy all | tail -n +4 | cut -f 1 | tr '\n' ' '
  fcfs sjf srtf hrrn rr priority priority-rr multilevel feedback mlfq lottery stride fair edf rm  (no-eol)

The two tie rules differ where a task arrives at the instant a slice ends:

  $ printf 'id,arrival,burst\nP1,0,4\nP2,2,2\nP3,3,1\n' > tie.csv
  $ for tie in newcomer preempted; do
  >   hostkit sched sim tie.csv -q 2 --tie $tie | tail -2 | head -1 | tr -s ' '
  > done
  | P1 | P2 | P1 | P3 |
  | P1 | P2 | P3 |

Times with units are real time:

  $ printf '{"id": "A", "burst": "30ms"}\n{"id": "B", "burst": 10.5}\n' |
  >   hostkit sched sim -q 20ms --no-chart | head -6
  round robin, quantum 20ms, ties to the newcomer
  times in ms
  
  TASK\tARRIVAL\tBURST\tSTART\tEND\tRESPONSE\tWAIT\tTURNAROUND\tSLICES (esc)
  A\t0.000\t30.000\t0.000\t40.500\t0.000\t10.500\t40.500\t2 (esc)
  B\t0.000\t10.500\t20.000\t30.500\t20.000\t20.000\t30.500\t1 (esc)

Periodic tasks come with what theory says of them:

  $ printf 'id,burst,period\na,3,7\nb,3,12\nc,5,20\n' | hostkit sched sim -p rm --until 40 --no-chart | tail -2
  all deadlines kept? rate-monotonic, by the bound 0.7798: unknown, by the
  hyperbolic bound: unknown, by response times: yes; EDF: yes

The chart as a picture:

  $ hostkit sched sim tasks.json -q 4 --gantt chart.svg > /dev/null
  $ python3 -c '
  > import xml.etree.ElementTree as tree
  > print(len(tree.parse("chart.svg").findall(".//{*}title")))'
  4

What is wrong is told all at once, with 7:

  $ cat > wrong.json <<END
  > [{"id": "A", "burst": -5, "depends_on": ["B"]},
  >  {"id": "B", "depends_on": ["A"]}, {"id": "A", "burst": 1, "brust": 2}]
  > END
  $ hostkit sched sim wrong.json
  hostkit sched sim: wrong.json:1:23: burst: a time is not negative
  hostkit sched sim: wrong.json:2:2: burst: it is missing; only a task with a command may leave it out
  hostkit sched sim: wrong.json:2:60: task: unknown key 'brust'; hostkit help sched sim lists the keys
  hostkit sched sim: wrong.json:2:43: id: another task is called 'A' already; ids are unique
  hostkit sched sim: wrong.json:1:42: depends_on: tasks wait for each other in a circle: 'A' -> 'B' -> 'A'
  [7]
  $ hostkit sched sim absent.json
  hostkit sched sim: cannot read 'absent.json': no such file or directory (ENOENT)
  [4]
  $ printf '[{"burst": 2000000000000000000}, {"burst": 2000000000000000000}]' | hostkit sched sim
  hostkit sched sim: burst: all the work together takes longer than times may be: number out of range (ERANGE)
  [7]

Usage:

  $ hostkit sched sim tasks.json --policy rrr
  hostkit sched sim: option '--policy': there is no policy 'rrr'; did you mean 'rr'?
  [2]
  $ hostkit sched sim tasks.json --quantum 0
  hostkit sched sim: option '--quantum': '0' is not a quantum; it is more than 0; fcfs has none
  [2]
  $ hostkit sched sim tasks.json --cpus 0
  hostkit sched sim: option '--cpus': '0' is not a whole number from 1 to 1024
  [2]
  $ hostkit sched sim tasks.json --policy rr,fcfs --gantt x.svg
  hostkit sched sim: option '--gantt' draws one run; name one policy
  [2]

A full disk is told of once:

  $ hostkit sched sim tasks.json -q 4 > /dev/full
  hostkit sched sim: cannot write to standard output: no space left on device (ENOSPC)
  [9]

A workload nobody had to think up is the same everywhere:

  $ hostkit sched gen --count 3 --seed 1 --priorities 4 --arrival 5 --format csv
  id,arrival,burst,priority
  T1,0,12,2
  T2,4,5,3
  T3,5,1,1
  $ hostkit sched gen --count 3 --seed 1 | hostkit json check -
  $ for format in json lines csv; do
  >   hostkit sched gen -n 50 --io 30 --tickets 9 --format $format |
  >     hostkit --json sched sim -p stride | cksum
  > done | sort -u | wc -l
  1

The list of policies:

  $ hostkit sched policies | head -2
  NAME\tTITLE\tUSES\tWHO RUNS (esc)
  fcfs\tfirst come, first served\t-\twho arrived first runs until it ends or waits (esc)
  $ hostkit --json sched policies | python3 -c '
  > import json, sys
  > print([policy["name"] for policy in json.load(sys.stdin)["policies"] if "tickets" in policy["uses"]])'
  ['lottery', 'stride', 'fair']

No line is wider than the usual screen, and what cannot be written is told once:

  $ printf 'id,period,burst\nP,5,2\nQ,7,3\n' | hostkit sched sim -p rm --no-chart > out
  $ awk 'length > 80' out
  $ tail -n 3 out
  utilisation 0.8286 of one CPU
  all deadlines kept? rate-monotonic, by the bound 0.8284: unknown, by the
  hyperbolic bound: yes, by response times: yes; EDF: yes
  $ hostkit sched sim tasks.json > /dev/full
  hostkit sched sim: cannot write to standard output: no space left on device (ENOSPC)
  [9]

A workload without tasks, and figures in the singular:

  $ hostkit sched sim <<< '[]'
  round robin, quantum 100, ties to the newcomer
  
  nothing ran
  $ printf 'id,arrival,burst\nA,0,4\nB,1,2\n' | hostkit sched sim -p srtf | grep switch
  makespan 6, utilisation 100 %, fairness 0.962, 2 switches, 1 preemption
  $ printf 'id,burst\nA,4\nB,2\n' | hostkit sched sim -p fcfs | grep -o '1 switch, .*'
  1 switch, 0 preemptions

The help names every word that an option takes:

  $ hostkit help --list | grep '^sched ' | while read -r verb; do
  >   hostkit help --json $verb | python3 -c '
  > import json, sys
  > verb = json.load(sys.stdin)
  > for option in verb["options"]:
  >     for word in (option.get("values") or "").split():
  >         if word not in option["help"]: print(verb["name"], option["name"], word)'
  > done

What never ends is no workload:

  $ hostkit sched sim /dev/zero
  hostkit sched sim: cannot read '/dev/zero': file too large (EFBIG)
  [9]
