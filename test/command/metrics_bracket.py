"""Hold counters of `hostkit metrics` between two looks at /proc of our own."""
import os
import subprocess


def look():
    found = {}
    ticks = os.sysconf("SC_CLK_TCK")
    modes = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"]
    with open("/proc/stat") as file:
        for line in file:
            words = line.split()
            if words[0].startswith("cpu") and words[0] != "cpu":
                for mode, value in zip(modes, words[1:9]):
                    name = f'hostkit_cpu_seconds_total{{cpu="{words[0][3:]}",mode="{mode}"}}'
                    found[name] = int(value) / ticks
            if words[0] == "ctxt":
                found["hostkit_cpu_context_switches_total"] = int(words[1])
            if words[0] == "processes":
                found["hostkit_cpu_forks_total"] = int(words[1])
    with open("/proc/vmstat") as file:
        for line in file:
            name, value = line.split()
            if name == "pgfault":
                found["hostkit_vmstat_page_faults_total"] = int(value)
    with open("/proc/net/dev") as file:
        for line in list(file)[2:]:
            name, values = line.split(":")
            values = values.split()
            for key, place in ("receive_bytes", 0), ("transmit_bytes", 8):
                series = f'hostkit_network_{key}_total{{network="{name.strip()}"}}'
                found[series] = int(values[place])
    return found


def main():
    before = look()
    text = subprocess.run(["hostkit", "metrics"], check=True, capture_output=True, text=True).stdout
    after = look()
    ours = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    wrong = 0
    for name, low in before.items():
        high = after.get(name, low)
        if "iowait" in name or '"idle"' in name:
            low, high = low * 0.99 - 1, high + 1  # the kernel lets these run backwards
        if name not in ours:
            print(f"{name} is missing")
            wrong += 1
        elif not low <= float(ours[name]) <= high:
            print(f"{name}: {low} <= {ours[name]} <= {high} does not hold")
            wrong += 1
    with open("/proc/meminfo") as file:
        total = int(file.readline().split()[1]) * 1024
    if float(ours["hostkit_memory_total_bytes"]) != total:
        print("memory:", ours["hostkit_memory_total_bytes"], "is not", total)
        wrong += 1
    if not wrong:
        print("fine")


main()
