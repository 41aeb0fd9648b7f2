"""Run a program whose standard output nobody reads until told.

usage: stall.py pty|pipe MARK PROGRAM [ARGUMENT…]

Waits until the file MARK exists, then reads everything and writes it to `seen`, and gives
the program's exit code.
"""
import os
import pty
import subprocess
import sys
import time

kind, mark, program = sys.argv[1], sys.argv[2], sys.argv[3:]
inner = outer = None
if kind == "pty":
    outer, inner = pty.openpty()
else:
    outer, inner = os.pipe()
process = subprocess.Popen(program, stdout=inner, stdin=subprocess.DEVNULL)
os.close(inner)
with open("supervisor", "w") as file:
    file.write(str(process.pid))
end = time.monotonic() + 100
while not os.path.exists(mark):
    if time.monotonic() > end:
        process.kill()
        sys.exit("nobody said when to read")
    time.sleep(0.01)
with open("seen", "wb") as seen:
    while True:
        try:
            data = os.read(outer, 65536)
        except OSError:
            break
        if not data:
            break
        seen.write(data)
sys.exit(process.wait())
