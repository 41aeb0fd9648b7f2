"""Start a program that is busy until it is told to end, and see a running `hostkit ps -i` tell of its
start, of its processor time, and of its end."""

import json
import subprocess
import sys

BUSY = """
import select
while not select.select([0], [], [], 0)[0]:
    pass
"""

watch = subprocess.Popen(
    ["hostkit", "ps", "-i", "50ms", "--json", "--columns", "pid,cpu_percent"],
    stdout=subprocess.PIPE, text=True)
program = None
worked_s = 0
seen = []
try:
    for number, line in enumerate(watch.stdout):
        sample = json.loads(line)
        if program is None:
            program = subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE)
        program.poll()  # collect it, so that it is gone
        if "started" not in seen and program.pid in sample["started"]:
            seen.append("started")
        worked_s += sum(row.get("cpu_percent", 0) / 100 * sample["sampler"]["interval_s"]
                        for row in sample["processes"] if row["pid"] == program.pid)
        if "started" in seen and "busy" not in seen and worked_s > 0.1:
            seen.append("busy")
            program.stdin.close()
        if any(row["pid"] == program.pid for row in sample["exited"]):
            seen.append("exited")
            break
        if number > 1000:
            break
finally:
    watch.terminate()
    watch.stdout.close()  # it may be writing, which nobody reads any more
    watch.wait()
    if program is not None:
        program.stdin.close()
        program.wait()
print("\n".join(seen))
