"""What groups of processes have used, as a collector sees it: a program is run again and
again under one name, and its group must grow by what wait4(2) says, and never fall.
usage: metrics_groups.py URL"""
import os
import re
import sys
import urllib.request

CPU = re.compile(r'^hostkit_process_group_cpu_seconds_total\{group="burner",mode="(\w+)"\} (\S+)$', re.M)
MEMBERS = re.compile(r'^hostkit_process_group_processes\{group="burner"\} (\S+)$', re.M)
BURN = "i=0; while [ $i -lt 30000 ]; do i=$((i + 1)); done"
LOOSE = 0.011  # what the kernel rounds off for each process: a tick


def scrape():
    text = urllib.request.urlopen(sys.argv[1], timeout=30).read().decode()
    members = MEMBERS.search(text)
    listens = "\nhostkit_process_exits_listening 1\n" in text
    return sum(float(value) for _, value in CPU.findall(text)), float(members[1]) if members else 0, listens


def start(script, **more):
    return os.posix_spawn("burner", ["burner", "-c", script], os.environ, **more)


def end(pid):
    usage = os.wait4(pid, 0)[2]
    return usage.ru_utime + usage.ru_stime


def complain(wrong, *words):
    if wrong:
        print(*words)
    return wrong


os.symlink("/bin/sh", "burner")
before, _, listens = scrape()
assert before == 0

# One that a scrape sees: it says when it has burned, and ends when it is told.
ready, told = os.pipe(), os.pipe()
pid = start(BURN + "; echo >&3; read word <&4",
            file_actions=[(os.POSIX_SPAWN_DUP2, ready[1], 3 + 100), (os.POSIX_SPAWN_DUP2, told[0], 4 + 100),
                          (os.POSIX_SPAWN_DUP2, 103, 3), (os.POSIX_SPAWN_DUP2, 104, 4)])
os.read(ready[0], 1)
seen, members, _ = scrape()
wrong = complain(seen <= 0 or members != 1, "while it lives:", seen, members)
os.write(told[1], b"\n")
used = end(pid)
after, members, _ = scrape()
wrong |= complain(after < seen or members != 0, "when it has ended:", seen, after, members)
wrong |= complain(after > used + LOOSE, "more than it used:", after, used)
if listens:
    wrong |= complain(after < used - LOOSE, "less than it used:", after, used)

# Those that no scrape sees.
used = sum(end(start(BURN)) for _ in range(20))
last, _, _ = scrape()
wrong |= complain(last < after, "it fell:", after, last)
if listens:
    wrong |= complain(abs(last - after - used) > 20 * LOOSE, "20 short ones:", last - after, used)
print("wrong" if wrong else "fine")
