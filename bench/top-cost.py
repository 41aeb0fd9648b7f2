#!/usr/bin/env python3
"""What does it cost to look at the machine all the time?

`hostkit top`, htop and btop, each on a terminal of its own of 120 x 40, each looking once a
second, all at the same time beside 600 sleeping programs.  Processor time of each during the
same SECONDS; and the memory it holds at the end.

usage: top-cost.py [SECONDS [PROGRAMS]]
"""
import fcntl
import os
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "up"))
import answers

SECONDS = 30
PROGRAMS = 600
HOSTKIT = os.environ.get("HOSTKIT", "hostkit")
PAGE = os.sysconf("SC_PAGE_SIZE")

BTOP = 'update_ms = 1000\nproc_sorting = "cpu lazy"\nshown_boxes = "cpu mem net proc"\n'


class Viewer:
    """A program on a terminal whose screen is read and thrown away."""

    def __init__(self, command, environment):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(environment, TERM="xterm-256color", LC_ALL="C.UTF-8")
            os.environ.pop("NO_COLOR", None)
            os.execvp(command[0], command)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        try:
            while os.read(self.terminal, 65536):
                pass
        except OSError:
            pass

    def stat(self):
        with open(f"/proc/{self.pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()

    def cpu_s(self):
        """To the nanosecond: the ticks of stat are as long as a whole look."""
        total = 0
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
        return total / 1e9

    def resident(self):
        return int(self.stat()[21]) * PAGE

    def end(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    programs = int(sys.argv[2]) if len(sys.argv) > 2 else PROGRAMS
    sleepers = [subprocess.Popen(["sleep", "1000"]) for _ in range(programs)]
    viewers, used, held = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "btop"))
        with open(os.path.join(folder, "btop", "btop.conf"), "w") as file:
            file.write(BTOP)
        commands = {
            "hostkit": [HOSTKIT, "top", "-i", "1s"],
            "htop": ["htop", "-d", "10"],
            "btop": ["btop"],
        }
        try:
            for name, command in commands.items():
                if shutil.which(command[0]):
                    viewers[name] = Viewer(command, {"XDG_CONFIG_HOME": folder, "HOME": folder})
            time.sleep(3)  # not waited for an event: the first screen shall be over
            before = {name: viewer.cpu_s() for name, viewer in viewers.items()}
            time.sleep(seconds)
            for name, viewer in viewers.items():
                used[name] = 100 * (viewer.cpu_s() - before[name]) / seconds
                held[name] = viewer.resident() / 1048576
        finally:
            for viewer in viewers.values():
                viewer.end()
            for sleeper in sleepers:
                sleeper.kill()
                sleeper.wait()
    case = f"{programs} programs more, 1 Hz, {seconds:g} s"
    for name, goal in (("htop", "<= 0.2"), ("btop", None)):
        answers.report_peer("top-cost", case, name, "percent of a processor",
                            used.get("hostkit"), used.get(name), goal=goal)
        answers.report_peer("top-cost", case, name, "MiB resident",
                            held.get("hostkit"), held.get(name))
    return answers.status()


sys.exit(main())
