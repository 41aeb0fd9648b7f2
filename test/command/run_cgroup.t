Limits of a whole tree, kept by the kernel.

  $ . "$TESTDIR/functions.sh"
  $ hostkit run --memory 64M --pids 64 --cpus 2 true 2> /dev/null || skip 'no cgroup with memory, pids and cpu may be made here'

Memory, of all processes together:

  $ hostkit run --memory 30M -- python3 -c 'len(b"a" * 100_000_000)'
  [137]
  $ hostkit run --memory 200M -- python3 -c 'len(b"a" * 100_000_000)'

Processes:

  $ hostkit run --pids 5 -- sh -c 'for i in 1 2 3 4 5 6; do sleep 60 & done; wait' 2> /dev/null
  [2]

CPU time: a quarter of one takes four times as long.

  $ hostkit run --json --cpus 0.25 -- sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done' > document
  $ python3 -c '
  > import json
  > d = json.load(open("document"))
  > assert d["wall_s"] > 2 * (d["user_s"] + d["system_s"]), d'
  $ field tree < document
  cgroup

Nothing is left of the cgroup:

  $ hostkit run --memory 64M -- cat /proc/self/cgroup | grep -o '[^:/]*$' | sort -u > names
  $ find /sys/fs/cgroup -name "$(grep -i hostkit names | tail -n 1)" | wc -l
  0

Mistakes, and levels that are not there:

  $ hostkit run --memory 0 true
  hostkit run: option '--memory': '0' is not a size a program can live in
  [125]
  $ for cpus in 0 . x 1.2345 -1 1..5; do hostkit run --cpus "$cpus" true 2> /dev/null; echo $?; done | sort -u
  125
  $ hostkit run --pids 0 true 2> /dev/null
  [125]
  $ hostkit run --tree gruop true
  hostkit run: option '--tree': 'gruop' is not a word it knows; write one of: walk none group reaper keeper cgroup auto
  [125]
  $ for level in walk none group reaper keeper cgroup auto; do hostkit run --json --tree $level true | field tree; done
  walk
  none
  group
  reaper
  keeper
  cgroup
  cgroup
