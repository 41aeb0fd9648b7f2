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
