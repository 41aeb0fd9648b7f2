"""What questions in Python share: rounds in turns, medians, and the line of JSON.

The same contract as harness.h and report.h; see ../README.md for the keys.
"""
import json
import math
import os
import statistics
import subprocess
import sys

missed = 0


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def _print(line):
    print(json.dumps(line, separators=(",", ":"), ensure_ascii=False), flush=True)


def _rounded(value):
    return float(f"{value:.6g}")


def _is_met(value, goal):
    sign, limit = goal.split()
    return value >= float(limit) if sign == ">=" else value <= float(limit)


def report_limit(bench, case, unit, ours, goal):
    """Ours against a number.  None: it could not be measured, which is a goal missed."""
    global missed
    line = {"bench": bench, "case": case}
    if ours is not None:
        line["ours"] = _rounded(ours)
    met = ours is not None and _is_met(ours, goal)
    line.update(unit=unit, goal=f"{goal} {unit}", met=met)
    missed += not met
    _print(line)


def report_peer(bench, case, peer, unit, ours, theirs, speed=False, goal=None):
    """Ours beside a peer's.  speed: the ratio is theirs / ours.  None: not measured."""
    global missed
    line = {"bench": bench, "case": case, "peer": peer}
    if ours is not None:
        line["ours"] = _rounded(ours)
    if theirs is not None:
        line["theirs"] = _rounded(theirs)
    line["unit"] = unit
    ratio = None
    if ours is not None and theirs is not None:
        over, under = (theirs, ours) if speed else (ours, theirs)
        if under != 0:
            ratio = over / under
        elif over == 0:
            ratio = 1.0
    met = None
    if ratio is not None:
        line["ratio"] = float(f"{ratio:.4g}")
    if goal is not None:
        line["goal"] = goal
        if ratio is not None:
            met = _is_met(ratio, goal)
            missed += not met
    line["met"] = met
    _print(line)


def median(values):
    values = [value for value in values if value is not None and math.isfinite(value)]
    return statistics.median(values) if values else None


def tell(bench, case, unit, samples):
    """Medians and spread for people.  samples: name -> values, or None when missing."""
    say(f"{bench}: {case} (load {os.getloadavg()[0]:.1f})")
    for name, values in samples.items():
        values = None if values is None else [each for each in values if each is not None]
        middle = median(values) if values is not None else None
        if middle is None:
            say(f"  {name:<24} {'missing' if values is None else 'failed'}")
        else:
            say(f"  {name:<24} {middle:12.4g} {unit}  ({min(values):.4g} to {max(values):.4g},"
                f" {len(values)} runs)")


def tried(measure, *arguments):
    """What was measured, or None with a word about it: a peer that fails is not our failure."""
    try:
        return measure(*arguments)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        say(f"  not measured: {error}")
        return None


def in_turns(names, rounds):
    """Yield every name in every round, each round beginning with another."""
    for turn in range(rounds):
        for place in range(len(names)):
            yield turn, names[(turn + place) % len(names)]


def status():
    return 1 if missed else 0
