#!/usr/bin/env python3
"""What does supervising cost in memory?

The proportional set size (PSS) of the supervisor's own processes, not of the programs,
once everything runs and nothing happens any more.  "0 programs" is one program that
sleeps, because not every supervisor runs without any; "50 programs" is fifty of them, each
with its output going to a file of its own.

usage: up-memory.py [ROUNDS]
"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "up"))
import answers
import supervisors
from supervisors import Hostkit, Pm2, Program, Supervisord

ROUNDS = 5
MB = 1e6
GOALS = {0: "<= 1.5", 50: "<= 2.5"}


def settle(pids):
    """Wait until the supervisor has hardly run for a second: what it uses now it keeps."""
    last = [supervisors.switches(pids), 0]

    def quiet():
        now = supervisors.switches(pids)
        last[1] = last[1] + 1 if now - last[0] <= 2 else 0
        last[0] = now
        supervisors.time.sleep(0.1)
        return last[1] >= 10

    supervisors.until(quiet, "the supervisor becomes quiet")


def measure(kind, place, folder, count):
    born = supervisors.helper("born")
    stamps = os.path.join(folder, "stamps")
    open(stamps, "w").close()
    programs = [Program(f"born-{number}", [born, stamps],
                        log=os.path.join(folder, f"log-{number}") if count else None)
                for number in range(max(count, 1))]
    with kind(os.path.join(folder, kind.name), place) as supervisor:
        supervisor.start(programs)
        supervisors.until(lambda: len(supervisors.read_stamps(stamps)) >= len(programs),
                          f"{kind.name} starts {len(programs)} programs")
        try:
            settle(supervisor.own())
        except TimeoutError:
            answers.say(f"  {kind.name} is never quiet; measured as it is")
        return supervisors.memory(supervisor.own(), "Pss") / MB


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    found = supervisors.find((Hostkit, Supervisord, Pm2))
    there = [kind for kind, place in found.items() if place]
    for count, goal in GOALS.items():
        samples = {kind.name: [] if place else None for kind, place in found.items()}
        for _, kind in answers.in_turns(there, rounds):
            with tempfile.TemporaryDirectory(dir="/tmp") as folder:
                samples[kind.name].append(
                    answers.tried(measure, kind, found[kind], folder, count))
        case = f"{count} programs"
        answers.tell("up-memory", case, "MB", samples)
        ours = answers.median(samples["hostkit"])
        answers.report_limit("up-memory", case, "MB", ours, goal)
        for name in ("supervisord", "pm2"):
            answers.report_peer("up-memory", case, name, "MB", ours,
                                answers.median(samples[name] or []), goal="<= 1")
    return answers.status()


sys.exit(main())
