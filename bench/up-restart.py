#!/usr/bin/env python3
"""How long is a program gone that was killed?

From kill -9 until the first statement of its replacement, which reads the clock.  All
supervisors run at once, each with one program and the shortest pause before a restart that
it can be told (1 ms for hostkit, none for the others), and are asked in turns; while one
works the others sleep.

usage: up-restart.py [ROUNDS]
"""
import contextlib
import os
import signal
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "up"))
import answers
import supervisors
from supervisors import Hostkit, Pm2, Program, Supervisord

ROUNDS = 41


def kill_once(stamps):
    """Milliseconds from the kill until the replacement lives."""
    known = supervisors.read_stamps(stamps)
    began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    os.kill(known[-1][0], signal.SIGKILL)
    # Watching it must not cost it anything: one look each millisecond.
    end = time.monotonic() + supervisors.PATIENCE_S
    while len(now := supervisors.read_stamps(stamps)) == len(known):
        if time.monotonic() > end:
            raise TimeoutError("no replacement")
        time.sleep(0.001)
    return (now[-1][1] - began) / 1e6


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    born = supervisors.helper("born")
    found = supervisors.find((Hostkit, Supervisord, Pm2))
    samples = {kind.name: [] if place else None for kind, place in found.items()}
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, contextlib.ExitStack() as all_of:
        stamps = {}
        for kind, place in found.items():
            if place is None:
                continue
            stamps[kind.name] = os.path.join(folder, kind.name + ".stamps")
            open(stamps[kind.name], "w").close()
            supervisor = all_of.enter_context(
                kind(os.path.join(folder, kind.name), place))
            supervisor.start([Program("born", [born, stamps[kind.name]])])
        for name, path in stamps.items():
            supervisors.until(lambda: supervisors.read_stamps(path), f"{name} starts it")
        for _, name in answers.in_turns(list(stamps), rounds):
            samples[name].append(kill_once(stamps[name]))
    answers.tell("up-restart", "kill -9 until the replacement lives", "ms", samples)
    ours = answers.median(samples["hostkit"])
    answers.report_limit("up-restart", "p50", "ms", ours, "<= 3")
    if samples["hostkit"] and len(samples["hostkit"]) > 1:
        slow = statistics.quantiles(samples["hostkit"], n=20)[-1]
        answers.say(f"  hostkit p95 {slow:.3g} ms")
    for name in ("supervisord", "pm2"):
        answers.report_peer("up-restart", "p50", name, "ms", ours,
                            answers.median(samples[name] or []), speed=True, goal=">= 1")
    return answers.status()


sys.exit(main())
