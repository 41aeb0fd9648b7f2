#!/usr/bin/env python3
"""What does a job cost that does nothing?

`true`, many times, through `hostkit sched run`, GNU parallel and task-spooler, two at a
time: processor time of everything that was involved, the job itself included, divided by
the jobs.  Of a daemon, too: this program is the reaper of orphans, so that whoever a peer
leaves behind is collected and counted here.

The peers do fewer jobs, as what they cost does not depend on how many there are, and
waiting for them would.

usage: sched-jobs.py [JOBS]
"""
import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "up"))
import answers

JOBS = 2000
PEER_JOBS = 200
ROUNDS = 3
PR_SET_CHILD_SUBREAPER = 36
PATIENCE_S = 300


def children_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def collect_orphans():
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          timeout=PATIENCE_S, **options)
    return done.returncode == 0


def hostkit(jobs, folder):
    command = os.environ.get("HOSTKIT") or shutil.which("hostkit")
    if command is None:
        return None
    path = os.path.join(folder, "jobs.json")
    with open(path, "w") as file:
        json.dump([{"command": "true"}] * jobs, file)
    return lambda: run([command, "sched", "run", "--policy", "fcfs", "--slots", "2", path])


def parallel(jobs, folder):
    if shutil.which("parallel") is None:
        return None
    words = "\n".join(map(str, range(jobs))).encode()
    environment = dict(os.environ, PARALLEL_HOME=folder)
    return lambda: run(["parallel", "--will-cite", "-j2", "true", "#"], input=words, env=environment)


def task_spooler(jobs, folder):
    command = shutil.which("tsp")
    if command is None:
        return None
    environment = dict(os.environ, TS_SOCKET=os.path.join(folder, "socket"), TMPDIR=folder)

    def spool():
        ok = run([command, "-S", "2"], env=environment)
        for _ in range(jobs):
            ok = ok and run([command, "-n", "true"], env=environment)
        # The last one to end need not be the last that was added; the list is empty then.
        while ok and any(word in subprocess.run([command], env=environment, capture_output=True,
                                                text=True).stdout for word in ("queued", "running")):
            pass
        return run([command, "-K"], env=environment) and ok

    return spool


SIDES = {"hostkit": (hostkit, JOBS), "GNU parallel": (parallel, PEER_JOBS),
         "task-spooler": (task_spooler, PEER_JOBS)}


def measure(make, jobs):
    """Milliseconds of processor time a job, or None."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        work = make(jobs, folder)
        if work is None:
            return None
        before = children_s()
        ok = work()
        collect_orphans()
        return (children_s() - before) * 1000 / jobs if ok else None


def main():
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else JOBS
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    samples = {name: [] for name in SIDES}
    for _, name in answers.in_turns(list(SIDES), ROUNDS):
        make, count = SIDES[name]
        samples[name].append(measure(make, jobs if name == "hostkit" else count))
    medians = {name: answers.median(values) if None not in values else None
               for name, values in samples.items()}
    answers.report_limit("sched-jobs", f"{jobs} times true, two at a time", "ms",
                         medians["hostkit"], "<= 1")
    for peer in list(SIDES)[1:]:
        answers.report_peer("sched-jobs", f"{jobs} times true, two at a time", peer, "ms",
                            medians["hostkit"], medians[peer], speed=True, goal=">= 1")
    sys.exit(answers.missed > 0)


main()
