#!/usr/bin/env python3
"""What does it cost to ask once what runs here?

`hostkit ps --json` from start to exit, of the machine as it is and beside COUNT sleeping
programs, against the same question in Python with psutil and against ps(1).  Processor time
of the child, the median of ROUNDS interleaved rounds.

usage: ps.py [ROUNDS]
"""
import os
import resource
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "up"))
import answers

ROUNDS = 12
COUNT = 300
HOSTKIT = os.environ.get("HOSTKIT", "hostkit")
PYTHON = "/usr/bin/python3"

QUESTION = """
import json, psutil
rows = []
for process in psutil.process_iter(["pid", "ppid", "name", "status", "username", "uids",
        "num_threads", "memory_info", "cpu_times", "create_time", "cmdline", "nice"]):
    rows.append(process.info)
print(json.dumps(rows))
"""

ASKED = {
    "hostkit": [HOSTKIT, "ps", "--json"],
    "psutil": [PYTHON, "-c", QUESTION],
    "ps": ["ps", "-eo", "pid,ppid,comm,s,user,uid,nlwp,rss,vsz,cputime,lstart,ni,args"],
}


def measure(command):
    """(processor seconds, wall seconds) of one run, or None if it cannot run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    try:
        run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return None
    wall = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode != 0:
        return None
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)


def ask(case, rounds):
    cpu = {name: [] for name in ASKED}
    wall = {name: [] for name in ASKED}
    for _, name in answers.in_turns(list(ASKED), rounds):
        found = measure(ASKED[name])
        if found is not None:
            cpu[name].append(found[0] * 1e3)
            wall[name].append(found[1] * 1e3)
    middle = {name: statistics.median(times) if times else None for name, times in cpu.items()}
    answers.tell("ps", case, "ms", {name: times or None for name, times in cpu.items()})
    answers.report_limit("ps", f"{case}, start to exit", "ms",
                         statistics.median(wall["hostkit"]) if wall["hostkit"] else None,
                         "<= 10")
    answers.report_peer("ps", case, "psutil", "ms", middle["hostkit"], middle["psutil"],
                        goal="<= 0.05")
    answers.report_peer("ps", case, "ps", "ms", middle["hostkit"], middle["ps"], goal="<= 1")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    ask("the machine as it is", rounds)
    sleepers = [subprocess.Popen(["sleep", "600"]) for _ in range(COUNT)]
    try:
        ask(f"{COUNT} sleepers more", rounds)
    finally:
        for sleeper in sleepers:
            sleeper.kill()
        for sleeper in sleepers:
            sleeper.wait()
    return answers.status()


sys.exit(main())
