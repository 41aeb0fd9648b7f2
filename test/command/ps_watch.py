"""Start a program that is busy for a while, and see a running `hostkit ps -i` tell of its
start, of its processor time, and of its end."""

import json
import subprocess
import sys

BUSY = """
import time
end = time.process_time() + 0.3
while time.process_time() < end:
    pass
"""

watch = subprocess.Popen(
    ["hostkit", "ps", "-i", "50ms", "--json", "--columns", "pid,cpu_percent"],
    stdout=subprocess.PIPE, text=True)
program = None
seen = []
try:
    for number, line in enumerate(watch.stdout):
        sample = json.loads(line)
        if program is None:
            program = subprocess.Popen([sys.executable, "-c", BUSY])
        program.poll()  # collect it, so that it is gone
        if "started" not in seen and program.pid in sample["started"]:
            seen.append("started")
        if "started" in seen and "busy" not in seen and any(
                row["pid"] == program.pid and row.get("cpu_percent", 0) > 5
                for row in sample["processes"]):
            seen.append("busy")
        if any(row["pid"] == program.pid for row in sample["exited"]):
            seen.append("exited")
            break
        if number > 1000:
            break
finally:
    watch.terminate()
    watch.wait()
    if program is not None:
        program.wait()
print("\n".join(seen))
