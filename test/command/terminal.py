"""Drive a program on a terminal: a small expect.

usage: terminal.py [--size ROWSxCOLUMNS] [--show] STEP… -- PROGRAM [ARGUMENT…]

Steps, in order:
    expect:TEXT    wait until TEXT has appeared (after what was matched before)
    send:KEYS      type; \\x03 and the like are escapes
    signal:NAME    send a signal to the program itself, by its process id
    resize:RxC     change the size of the screen
Then the end is awaited, and "exit N" or "signal N" is printed, and with --show what was on
the screen, without carriage returns.  Fails when a text does not come within a minute.
"""
import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

LIMIT_S = 60


def set_size(fd, text):
    rows, columns = (int(part) for part in text.split("x"))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Screen:
    def __init__(self, fd):
        self.fd, self.text, self.matched = fd, b"", 0

    def read(self, timeout):
        """False at the end of the terminal."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.text += data
        return bool(data)

    def expect(self, wanted):
        end = time.monotonic() + LIMIT_S
        while (place := self.text.find(wanted, self.matched)) < 0:
            if time.monotonic() > end or not self.read(0.1):
                sys.exit(f"never came: {wanted!r}; the screen holds {self.text[self.matched:]!r}")
        self.matched = place + len(wanted)


def take_step(step, pid, screen):
    kind, _, value = step.partition(":")
    data = codecs.decode(value.encode(), "unicode_escape").encode("latin-1")
    if kind == "expect":
        screen.expect(data)
    elif kind == "send":
        os.write(screen.fd, data)
    elif kind == "signal":
        os.kill(pid, signal.Signals[value])
    elif kind == "resize":
        set_size(screen.fd, value)
    else:
        sys.exit(f"unknown step {step!r}")


def wait_for_end(pid, screen):
    end = time.monotonic() + LIMIT_S
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            sys.exit(f"never ended; the screen holds {screen.text!r}")
        screen.read(0.02)
    while screen.read(0.05) and select.select([screen.fd], [], [], 0.05)[0]:
        pass
    return os.waitstatus_to_exitcode(status)


def main(arguments):
    split = arguments.index("--")
    steps, program = arguments[:split], arguments[split + 1:]
    size = "24x80"
    if steps[:1] == ["--size"]:
        size, steps = steps[1], steps[2:]
    show = "--show" in steps
    steps = [step for step in steps if step != "--show"]

    pid, fd = pty.fork()
    if pid == 0:
        set_size(0, size)
        os.execvp(program[0], program)
    screen = Screen(fd)
    for step in steps:
        take_step(step, pid, screen)
    code = wait_for_end(pid, screen)
    if show:
        sys.stdout.write(screen.text.decode(errors="replace").replace("\r", ""))
    print(f"exit {code}" if code >= 0 else f"signal {-code}")


main(sys.argv[1:])
