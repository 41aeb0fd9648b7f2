#!/usr/bin/env python3
"""Does anything survive the end of a program?

Five ways in which children get away, three ways in which the program ends, followed with
a cgroup and without: `hostkit run --tree`.  Then the same ways out of a supervisor that is
stopped: hostkit up, supervisord and pm2, each told to end whole groups or trees.

Every process of a tree carries a word of its own in its environment; what carries it when
the command has returned has survived.  The goal is none, ever.

usage: tree-kill.py [ROUNDS]
"""
import os
import signal
import subprocess
import sys
import tempfile
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "up"))
import answers
import supervisors
from supervisors import Hostkit, Pm2, Program, Supervisord

ROUNDS = 4

# Each says in $TREE.there that its children run; $END then ends the program or waits.
PATTERNS = {
    "plain": "sleep 1000 & sleep 1000 &",
    "setsid": "setsid sleep 1000 & setsid sleep 1000 &",
    "double fork": "(sleep 1000 &); (sleep 1000 &)",
    "setsid and double fork": "(setsid sleep 1000 &); (setsid sleep 1000 &)",
    "forking while killed": "(while :; do (setsid sleep 1000 &) ; sleep 0.01; done) &",
}
LEVELS = {"cgroup": "with a cgroup", "reaper": "without"}
ENDINGS = ("stop", "crash", "timeout")


def script(pattern, crash):
    end = "kill -SEGV $$" if crash else "sleep 1000"
    return f"{PATTERNS[pattern]}\n: > \"$TREE_FILE\"; {end}"


class Tree:
    """One tree, known by the word in its environment."""

    def __init__(self, folder):
        self.word = uuid.uuid4().hex
        self.file = os.path.join(folder, self.word)
        self.environment = dict(os.environ, TREE_WORD=self.word, TREE_FILE=self.file)

    def is_there(self):
        return os.path.exists(self.file)

    def members(self):
        wanted, found = f"TREE_WORD={self.word}".encode(), []
        for name in os.listdir("/proc"):
            try:
                with open(f"/proc/{int(name)}/environ", "rb") as file:
                    if wanted in file.read().split(b"\0"):
                        found.append(int(name))
            except (ValueError, OSError):
                continue
        return found

    def count_survivors(self):
        """Counted, then killed, until the machine is as it was."""
        count = len(self.members())
        while members := self.members():
            for pid in members:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        return count


def run_once(command, level, ending, pattern, folder):
    tree = Tree(folder)
    timeout = ["--timeout", "300ms"] if ending == "timeout" else []
    process = subprocess.Popen(
        [command, "run", "--tree", level, "--kill-after", "200ms", *timeout, "--",
         "sh", "-c", script(pattern, ending == "crash")],
        env=tree.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        if ending == "stop":
            supervisors.until(tree.is_there, "the tree stands")
            process.terminate()
        process.wait(supervisors.PATIENCE_S)
    finally:
        process.kill()
        survivors = tree.count_survivors()
    return None if process.returncode == 125 else survivors


def ask_levels(rounds):
    command = supervisors.find((Hostkit,))[Hostkit]
    for level, words in LEVELS.items():
        for ending in ENDINGS:
            survivors = []
            with tempfile.TemporaryDirectory(dir="/tmp") as folder:
                for _, pattern in answers.in_turns(list(PATTERNS), rounds):
                    survivors.append(run_once(command, level, ending, pattern, folder))
            case = f"{ending}, {words}: {len(survivors)} trees"
            if None in survivors:
                answers.say(f"tree-kill: {case}: this level cannot be had here")
                answers.report_peer("tree-kill", case, "floor: none", "survivors", None, None)
            else:
                answers.report_limit("tree-kill", case, "survivors", sum(survivors), "<= 0")


def stop_once(kind, place, pattern, folder):
    tree = Tree(folder)
    saved = dict(os.environ)
    os.environ.update(tree.environment)
    try:
        with kind(os.path.join(folder, kind.name), place) as supervisor:
            path = os.path.join(folder, "tree.sh")
            with open(path, "w") as file:
                file.write(script(pattern, crash=False))
            supervisor.start([Program("tree", ["/bin/sh", path])])
            supervisors.until(tree.is_there, f"{kind.name} starts the tree")
            own = supervisor.own()
        # The daemon itself inherits the word; it is no part of the tree, and may take its time.
        supervisors.until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in own),
                          f"{kind.name} ends")
    finally:
        os.environ.clear()
        os.environ.update(saved)
        survivors = tree.count_survivors()
    return survivors


def ask_supervisors(rounds):
    found = supervisors.find((Hostkit, Supervisord, Pm2))
    there = [kind for kind, place in found.items() if place]
    samples = {kind.name: [] if place else None for kind, place in found.items()}
    trees = 0
    for pattern in PATTERNS:
        for _, kind in answers.in_turns(there, rounds):
            with tempfile.TemporaryDirectory(dir="/tmp") as folder:
                samples[kind.name].append(
                    answers.tried(stop_once, kind, found[kind], pattern, folder))
        trees += rounds
    case = f"supervisor stopped: {trees} trees"
    counts = {name: None if not values or None in values else sum(values)
              for name, values in samples.items()}
    answers.tell("tree-kill", case, "survivors", samples)
    answers.report_limit("tree-kill", case, "survivors", counts["hostkit"], "<= 0")
    for name in ("supervisord", "pm2"):
        answers.report_peer("tree-kill", case, name, "survivors", counts["hostkit"],
                            counts[name], goal="<= 1")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    ask_levels(rounds)
    ask_supervisors(max(rounds // 4, 1))
    return answers.status()


sys.exit(main())
