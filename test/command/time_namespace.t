Times in a namespace whose machine started earlier.

  $ . "$TESTDIR/functions.sh"
  $ inside() { unshare --time --boottime 100000 --monotonic 5000 "$@"; }
  $ inside true 2> /dev/null || skip "a time namespace cannot be had"

What the kernel tells in there is what we tell: how long the machine has been up, since when,
and since when a process runs, with every engine. The wall clock is the same everywhere, so
a process started when it started, wherever one asks:

  $ cat > times.py <<END
  > import json, os, subprocess, sys, time
  > def ask(*words):
  >     return json.loads(subprocess.run(["hostkit", *words, "--json"], check=True, stdout=subprocess.PIPE).stdout)
  > def field(path, name):
  >     return next(float(line.split()[-1]) for line in open(path) if line.startswith(name))
  > def near(what, expected, seen, slack):
  >     return [] if abs(seen - expected) <= slack else [f"{what}: expected {expected}, saw {seen}"]
  > def compare():
  >     wrong = []
  >     begin = time.time()
  >     up = float(open("/proc/uptime").read().split()[0])
  >     host = ask("info", "host")["host"]
  >     late = time.time() - begin
  >     wrong += near("uptime", up, host["uptime_s"], late + 0.02)
  >     wrong += near("boot", field("/proc/stat", "btime"), host["boot_time_s"], 1.1)
  >     stat = open(f"/proc/{os.getpid()}/stat").read().rpartition(")")[2].split()
  >     ticks = os.sysconf("SC_CLK_TCK")
  >     started = host["time_s"] - host["uptime_s"] + int(stat[19]) / ticks
  >     wrong += near("start, of the kernel's own", float(sys.argv[1]), started, float(sys.argv[2]))
  >     for engine in "openat", "adaptive", "bpf":
  >         done = subprocess.run(["hostkit", "ps", "--engine", engine, "--json", "--columns", "start_ticks,start_time_s", str(os.getpid())], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
  >         if done.returncode == 0:
  >             row = json.loads(done.stdout)["processes"][0]
  >             wrong += near(engine + ": start", started, row["start_time_s"], 0.05)
  >             wrong += near(engine + ": ticks", int(stat[19]), row["start_ticks"], 0)
  >     return wrong
  > # Clocks are read one after the other, and whoever reads may be kept waiting in between;
  > # whoever is wrong is wrong each time.
  > for attempt in range(20):
  >     wrong = compare()
  >     if not wrong: break
  > print(*wrong or ["as the kernel says"], sep="\\n")
  > END
  $ now=$(date +%s.%N); inside python3 times.py $now 300
  as the kernel says
  $ now=$(date +%s.%N); python3 times.py $now 300
  as the kernel says
