#!/usr/bin/env python3
"""How fast is a program's output carried to a file, and what does it cost when nobody takes it?

Rate: the program prints as fast as it is let; from its first byte until the file is
complete.  Files are in memory where there is room, so that carrying is measured and not a
disk.  hostkit carries 1 GB; the others get as much as they carry in a few seconds, and
their rates are compared.

Stall: the program prints into a sink that nobody reads, a FIFO as its log file, or a pipe
as the supervisor's standard output.  How much does the supervisor grow in three seconds?

usage: up-output.py [rate | stall] [ROUNDS]
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "up"))
import answers
import supervisors
from supervisors import Concurrently, Hostkit, Pm2, Program, Supervisord

ROUNDS = 5
MB = 1e6
MIB = 1048576
RATE_BYTES = {Hostkit: 1000 * MB, Supervisord: 200 * MB, Pm2: 100 * MB,
              Concurrently: 100 * MB}
STALL_S = 3
STALL_BYTES = int(1000 * MB)


def room():
    """A folder in memory with place for the largest file, else the usual one."""
    usual = tempfile.gettempdir()
    try:
        return "/dev/shm" if shutil.disk_usage("/dev/shm").free > 3e9 else usual
    except OSError:
        return usual


def start_flood(supervisor, kind, stamps, size, log, stdout=subprocess.DEVNULL):
    """The program stands ready, and so does everything that carries its output."""
    open(stamps, "w").close()
    flood = [supervisors.helper("flood"), stamps, str(int(size))]
    own_file = kind is not Concurrently
    supervisor.start([Program("flood", flood, log if own_file else None, restart=False)],
                     stdout)
    supervisors.until(lambda: supervisors.read_stamps(stamps), f"{kind.name} starts it")


def rate(kind, place, folder):
    """MB/s."""
    size = int(RATE_BYTES[kind])
    stamps, log = os.path.join(folder, "stamps"), os.path.join(folder, "log")
    stdout = open(log, "wb") if kind is Concurrently else subprocess.DEVNULL
    with kind(os.path.join(folder, kind.name), place) as supervisor:
        start_flood(supervisor, kind, stamps, size, log, stdout)
        open(stamps + ".go", "w").close()
        supervisors.until(
            lambda: os.path.exists(log) and os.stat(log).st_size >= size, "all arrives")
        end = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    begin = supervisors.read_stamps(stamps)[1][1]
    return size / MB / ((end - begin) / 1e9)


def floor_rate(folder):
    """The same with cat(1) in between, which does nothing else."""
    size = int(RATE_BYTES[Hostkit])
    stamps, log = os.path.join(folder, "stamps"), os.path.join(folder, "log")
    for path in (stamps, stamps + ".go"):
        open(path, "w").close()
    with open(log, "wb") as file:
        flood = subprocess.Popen([supervisors.helper("flood"), stamps, str(size)],
                                 stdout=subprocess.PIPE)
        cat = subprocess.Popen(["cat"], stdin=flood.stdout, stdout=file)
        flood.stdout.close()
        flood.wait()
        cat.wait()
    end = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    return size / MB / ((end - supervisors.read_stamps(stamps)[1][1]) / 1e9)


def ask_rates(rounds):
    found = supervisors.find()
    samples = {kind.name: [] if place else None for kind, place in found.items()}
    samples["floor: cat"] = []
    sides = [kind for kind, place in found.items() if place] + [None]
    for _, kind in answers.in_turns(sides, rounds):
        with tempfile.TemporaryDirectory(dir=room()) as folder:
            if kind is None:
                samples["floor: cat"].append(floor_rate(folder))
            else:
                samples[kind.name].append(
                    answers.tried(rate, kind, found[kind], folder))
    case = f"to a file in {room()}"
    answers.tell("up-output", case, "MB/s", samples)
    ours = answers.median(samples["hostkit"])
    answers.report_limit("up-output", case, "MB/s", ours, ">= 700")
    for name in ("supervisord", "pm2", "concurrently", "floor: cat"):
        answers.report_peer("up-output", case, name, "MB/s", ours,
                            answers.median(samples[name] or []),
                            goal=None if name.startswith("floor") else ">= 1")


def growth(kind, place, folder, through_fifo):
    """MiB by which the supervisor grew at most, while its sink takes nothing."""
    stamps, log = os.path.join(folder, "stamps"), None
    if through_fifo:
        log = os.path.join(folder, "log")
        os.mkfifo(log)
        held = [os.open(log, os.O_RDONLY | os.O_NONBLOCK)]
        stdout = subprocess.DEVNULL
    else:
        held = list(os.pipe())
        stdout = held[1]
    try:
        with kind(os.path.join(folder, kind.name), place) as supervisor:
            start_flood(supervisor, kind, stamps, STALL_BYTES, log, stdout)
            before = supervisors.memory(supervisor.own(), "Rss")
            most = before
            open(stamps + ".go", "w").close()
            end = time.monotonic() + STALL_S
            while time.monotonic() < end:
                time.sleep(0.02)
                most = max(most, supervisors.memory(supervisor.own(), "Rss"))
            os.set_blocking(held[0], False)
            drain(held[0])
        return (most - before) / MIB
    finally:
        for fd in held:
            os.close(fd)


def drain(fd):
    """Take a little, so that whoever sits in a write can end."""
    try:
        while os.read(fd, 65536):
            pass
    except BlockingIOError:
        pass


def ask_growth(case, through_fifo, kinds, rounds):
    found = supervisors.find(kinds)
    samples = {kind.name: [] if place else None for kind, place in found.items()}
    for _, kind in answers.in_turns([kind for kind in found if found[kind]], rounds):
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            samples[kind.name].append(
                answers.tried(growth, kind, found[kind], folder, through_fifo))
    answers.tell("up-output", case, "MiB", samples)
    ours = answers.median(samples["hostkit"])
    answers.report_limit("up-output", case, "MiB", ours, "<= 1")
    for kind in kinds[1:]:
        answers.report_peer("up-output", case, kind.name, "MiB", ours,
                            answers.median(samples[kind.name] or []))


def main():
    words = sys.argv[1:]
    rounds = next((int(word) for word in words if word.isdigit()), ROUNDS)
    if "stall" not in words:
        ask_rates(rounds)
    if "rate" not in words:
        ask_growth("growth, log file a FIFO nobody reads", True,
                   (Hostkit, Supervisord, Pm2), 3)
        ask_growth("growth, standard output a pipe nobody reads", False,
                   (Hostkit, Concurrently), 3)
    return answers.status()


sys.exit(main())
