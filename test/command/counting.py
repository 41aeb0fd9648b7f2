"""Count interrupts exactly: each one that is delivered writes a byte, also when several
come close together.  "q" on the terminal ends it and prints the sum; with a number, that
many interrupts do, and the terminal is not read.

usage: counting.py [COUNT]"""
import os
import select
import signal
import sys

enough = int(sys.argv[1]) if len(sys.argv) > 1 else None
arrived, write_end = os.pipe()
os.set_blocking(write_end, False)
signal.signal(signal.SIGINT, lambda number, frame: None)
signal.set_wakeup_fd(write_end)
print("ready", flush=True)
total = 0
while enough is None or total < enough:
    readable = select.select([arrived] if enough else [arrived, 0], [], [])[0]
    if arrived in readable:
        total += len(os.read(arrived, 100))
        print(f"caught {total}", flush=True)
    elif b"q" in os.read(0, 100):
        break
print(f"total {total}", flush=True)
