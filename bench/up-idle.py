#!/usr/bin/env python3
"""Does a supervisor rest while nothing happens?

Ten programs sleep.  Context switches, voluntary or not, of all threads of the supervisor
during 30 seconds: zero means that it was not woken once.

usage: up-idle.py [SECONDS]
"""
import contextlib
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "up"))
import answers
import supervisors
from supervisors import Hostkit, Pm2, Program, Supervisord

SECONDS = 30
PROGRAMS = 10


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    born = supervisors.helper("born")
    found = supervisors.find((Hostkit, Supervisord, Pm2))
    counts = {kind.name: None for kind in found}
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, contextlib.ExitStack() as all_of:
        running = []
        for kind, place in found.items():
            if place is None:
                continue
            stamps = os.path.join(folder, kind.name + ".stamps")
            open(stamps, "w").close()
            supervisor = all_of.enter_context(
                kind(os.path.join(folder, kind.name), place))
            supervisor.start([Program(f"born-{number}", [born, stamps],
                                      log=os.path.join(folder, f"{kind.name}-{number}.log"))
                              for number in range(PROGRAMS)])
            supervisors.until(lambda: len(supervisors.read_stamps(stamps)) >= PROGRAMS,
                              f"{kind.name} starts {PROGRAMS} programs")
            running.append(supervisor)
        time.sleep(2)  # not waited for an event: what starting left to do shall be over
        before = {each.name: supervisors.switches(each.own()) for each in running}
        time.sleep(seconds)
        for each in running:
            counts[each.name] = supervisors.switches(each.own()) - before[each.name]
    case = f"{PROGRAMS} programs, {seconds:g} s"
    answers.tell("up-idle", case, "switches",
                 {name: None if count is None else [count] for name, count in counts.items()})
    answers.report_limit("up-idle", case, "switches", counts["hostkit"], "<= 0")
    for name in ("supervisord", "pm2"):
        answers.report_peer("up-idle", case, name, "switches", counts["hostkit"],
                            counts[name], goal="<= 1")
    return answers.status()


sys.exit(main())
