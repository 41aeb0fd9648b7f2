The machine in the words of Prometheus.

  $ . "$TESTDIR/functions.sh"

What a scraper refuses is looked for by a reader of our own: families told once and kept
together, every series once, no empty family, whole lines, counters that are numbers.

  $ hostkit metrics > native.prom
  $ python3 "$TESTDIR/exposition.py" native.prom
  fine
  $ hostkit metrics --format openmetrics > native.om
  $ python3 "$TESTDIR/exposition.py" --openmetrics native.om
  fine
  $ hostkit metrics --compat node_exporter > compat.prom
  $ python3 "$TESTDIR/exposition.py" compat.prom
  fine

Both formats tell of the same series:

  $ series() { sed '/^#/d; s/ [^ ]*$//' "$1" | sort; }
  $ diff <(series native.prom) <(series native.om)

The figures are the kernel's, held between two looks of our own:

  $ python3 "$TESTDIR/metrics_bracket.py"
  fine

Sections that are asked for, and their report:

  $ hostkit metrics load > load.prom
  $ sed -n 's/^\(hostkit_[a-z0-9_]*\)[ {].*/\1/p' load.prom
  hostkit_load_1
  hostkit_load_5
  hostkit_load_15
  hostkit_runnable
  hostkit_tasks
  hostkit_build_info
  hostkit_scrape_section_duration_seconds
  hostkit_scrape_section_success
  $ grep success{ load.prom
  hostkit_scrape_section_success{section="load"} 1
  $ hostkit metrics laod
  hostkit metrics: there is no section 'laod'; there are host cpu load memory vmstat pressure limits filesystems disks networks sockets sensors
  [2]

Processes are counted by state, and their groups by whatever they have in common:

  $ hostkit metrics load --processes state > state.prom
  $ python3 "$TESTDIR/exposition.py" state.prom
  fine
  $ grep -c '^hostkit_processes{state=' state.prom
  9
  $ grep -c process_group state.prom
  0
  [1]
  $ for by in user cgroup service name; do
  >   hostkit metrics load --processes $by > $by.prom; python3 "$TESTDIR/exposition.py" $by.prom
  >   grep -q "^hostkit_process_group_cpu_seconds_total{group=" $by.prom || echo "no group by $by"
  > done
  fine
  fine
  fine
  fine
  $ hostkit metrics load --processes name --groups 2 | grep '^hostkit_process_group_threads' | sed 's/} .*/}/' | sed -n '3,$p'
  hostkit_process_group_threads{group="(rest)"}
  $ hostkit metrics --groups 3 --processes state
  hostkit metrics: --groups limits groups of processes, and none are asked for; add --processes user, cgroup, service or name
  [2]
  $ hostkit metrics --processes pid
  hostkit metrics: option '--processes': 'pid' is not a word it knows; write one of: state user cgroup service name
  [2]

As JSON it is one document:

  $ hostkit metrics --json load | field content_type
  text/plain; version=0.0.4; charset=utf-8
  $ diff <(hostkit metrics --json memory | field text | sed 's/ [^ ]*$//') <(hostkit metrics memory | sed 's/ [^ ]*$//') | grep '^[<>] [^#]' | head -n 3

Words that do not go together:

  $ hostkit metrics -i 1s
  hostkit metrics: --interval needs --output; name the file that is to be replaced each time
  [2]
  $ hostkit metrics -n 3 -o x
  hostkit metrics: --count needs --interval
  [2]
  $ hostkit metrics -l 0 -o x
  hostkit metrics: --listen does not go together with --output, --interval or --json; whoever scrapes asks when it likes
  [2]
  $ hostkit metrics --compat telegraf
  hostkit metrics: option '--compat': 'telegraf' is not a word it knows; write one of: node_exporter
  [2]
