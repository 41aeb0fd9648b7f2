#!/usr/bin/python3
"""info_oracle.py CHECK…: hold `hostkit info --json` against others who know the machine.

Counters are compared by bracketing: what the other says before and after must enclose
what we said in between.  Prints a line a check; one whose oracle is missing says so.
"""

import json
import os
import re
import shutil
import subprocess
import sys


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def info(*sections):
    return json.loads(run("hostkit", "info", "--json", *sections))


def between(what, before, ours, after):
    if not before <= ours <= after:
        raise AssertionError(f"{what}: {ours} is not between {before} and {after}")


def near(what, before, ours, after, slack):
    """A gauge: between the two, give or take."""
    between(what, min(before, after) - slack, ours, max(before, after) + slack)


def same(what, expected, ours):
    if expected != ours:
        raise AssertionError(f"{what}: expected {expected!r}, got {ours!r}")


def meminfo():
    with open("/proc/meminfo", encoding="ascii") as file:
        return {line.split(":")[0]: int(line.split(":")[1].split()[0]) for line in file}


def check_memory():
    """/proc/meminfo before and after, the constants exactly"""
    before = meminfo()
    memory = info("memory")["memory"]
    after = meminfo()
    slack = 64 << 20
    same("total", before["MemTotal"] * 1024, memory["total_bytes"])
    same("swap", before["SwapTotal"] * 1024, memory["swap_total_bytes"])
    same("used", memory["total_bytes"] - memory["available_bytes"], memory["used_bytes"])
    for key, name in {"MemAvailable": "available_bytes", "MemFree": "free_bytes",
                      "Cached": "cached_bytes", "Slab": "slab_bytes"}.items():
        near(name, before[key] * 1024, memory[name], after[key] * 1024, slack)


def check_free():
    """free -bw"""
    words = lambda: run("free", "-bw").splitlines()[1].split()
    before, memory, after = words(), info("memory")["memory"], words()
    same("total", int(before[1]), memory["total_bytes"])
    slack = 64 << 20
    near("buffers", int(before[5]), memory["buffers_bytes"], int(after[5]), slack)
    near("available", int(before[7]), memory["available_bytes"], int(after[7]), slack)


def df(*options):
    lines = run("df", "-P", *options).splitlines()[1:]
    return {words[5]: words for words in (line.split(None, 5) for line in lines)}


def check_df():
    """df -P -B1: sizes, and the percentage as it rounds"""
    before = df("-B1")
    ours = {each["mount"]: each for each in info("filesystems")["filesystems"]}
    after = df("-B1")
    compared = 0
    for mount, words in before.items():
        if mount not in ours or after.get(mount, [None, None])[1] != words[1]:
            continue  # a bind mount that we show under another name, or it was changed
        ours_here = ours[mount]
        same(mount + " total", int(words[1]), ours_here["total_bytes"])
        bounds = sorted((int(words[2]), int(after[mount][2])))
        near(mount + " used", bounds[0], ours_here["used_bytes"], bounds[1], 256 << 20)
        used, available = ours_here["used_bytes"], ours_here["available_bytes"]
        if used + available:
            same(mount + " percent", -(-100 * used // (used + available)),
                 ours_here["used_percent"])
        if words[2:] == after[mount][2:] and words[2] == str(used):
            same(mount + " percent of df", words[4], f"{ours_here['used_percent']}%")
        compared += 1
    if "/" not in ours or compared == 0:
        raise AssertionError(f"nothing to compare: {sorted(ours)} and {sorted(before)}")


def check_inodes():
    """df -P -i"""
    before = df("-i")
    for each in info("filesystems")["filesystems"]:
        words = before.get(each["mount"])
        if words and "files_total" in each and each["type"] not in ("btrfs", "overlay"):
            same(each["mount"] + " inodes", int(words[1]), each["files_total"])


def check_ip():
    """ip -j addr and ip -j -s link"""
    if shutil.which("ip") is None:
        return "ip is not installed"
    link = lambda: {each["ifname"]: each for each in json.loads(run("ip", "-j", "-s", "link"))}
    before = link()
    addresses = {each["ifname"]: each["addr_info"] for each in json.loads(run("ip", "-j", "addr"))}
    ours = {each["name"]: each for each in info("networks")["networks"]}
    after = link()
    same("names", sorted(before), sorted(ours))
    for name, theirs in before.items():
        mine = ours[name]
        same(name + " index", theirs["ifindex"], mine["index"])
        same(name + " mtu", theirs["mtu"], mine["mtu_bytes"])
        same(name + " state", theirs["operstate"].lower(), mine["state"])
        same(name + " up", "UP" in theirs["flags"], mine["up"])
        if "address" in theirs:
            same(name + " mac", theirs["address"], mine["mac"])
        same(name + " addresses",
             sorted((each["local"], each["prefixlen"], each["scope"]) for each in addresses[name]
                    if "local" in each),
             sorted((each["address"], each["prefix"], each["scope"]) for each in mine["addresses"]))
        for ours_key, way, key in (("receive_bytes", "rx", "bytes"),
                                   ("transmit_packets", "tx", "packets"),
                                   ("receive_errors", "rx", "errors"),
                                   ("transmit_dropped", "tx", "dropped")):
            between(f"{name} {ours_key}", theirs["stats64"][way][key], mine[ours_key],
                    after[name]["stats64"][way][key])
    return None


def diskstats():
    with open("/proc/diskstats", encoding="ascii") as file:
        return {words[2]: [int(word) for word in words[3:]]
                for words in (line.split() for line in file)}


def check_disks():
    """/proc/diskstats before and after"""
    before = diskstats()
    ours = {each["name"]: each for each in info("disks")["disks"]}
    after = diskstats()
    same("names", sorted(before), sorted(ours))
    for name, columns in before.items():
        between(name + " reads", columns[0], ours[name]["reads"], after[name][0])
        between(name + " read", columns[2] * 512, ours[name]["read_bytes"], after[name][2] * 512)
        between(name + " written", columns[6] * 512, ours[name]["written_bytes"],
                after[name][6] * 512)
        between(name + " busy", columns[9], round(ours[name]["busy_time_s"] * 1000),
                after[name][9])


def stat():
    with open("/proc/stat", encoding="ascii") as file:
        lines = [line.split() for line in file]
    return {words[0]: [int(word) for word in words[1:]] for words in lines}


def check_cpu():
    """/proc/stat before and after, a processor each"""
    before = stat()
    cpu = info("cpu")["cpu"]
    after = stat()
    tick = os.sysconf("SC_CLK_TCK")
    columns = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest",
               "guest_nice")
    lines = {"cpu": cpu["times_s"]}
    lines.update({f"cpu{each['number']}": each["times_s"] for each in cpu["cpus"]
                  if each["online"]})
    same("processors", sorted(key for key in before if re.match(r"cpu\d*$", key)), sorted(lines))
    for line, times in lines.items():
        for number, column in enumerate(columns):
            # The kernel's idle and iowait run backwards now and then, a little.
            near(f"{line} {column}", before[line][number], round(times[column] * tick),
                 after[line][number], 2 if column in ("idle", "iowait") else 0)
    between("switches", before["ctxt"][0], cpu["context_switches"], after["ctxt"][0])
    between("interrupts", before["intr"][0], cpu["interrupts"], after["intr"][0])
    same("online", os.sysconf("SC_NPROCESSORS_ONLN"), cpu["online"])
    same("load", 3, len(cpu["load"]))
    between("usable", 1, cpu["usable"], len(os.sched_getaffinity(0)))


def check_pressure():
    """/proc/pressure before and after"""
    if not os.path.exists("/proc/pressure/cpu"):
        return "there is no /proc/pressure"
    def totals():
        found = {}
        for resource in ("cpu", "memory", "io"):
            with open("/proc/pressure/" + resource, encoding="ascii") as file:
                for line in file:
                    found[resource, line.split()[0]] = int(line.rsplit("=", 1)[1])
        return found
    before, pressure, after = totals(), info("pressure")["pressure"], totals()
    for (resource, kind), total in before.items():
        between(f"{resource} {kind}", total, round(pressure[resource][kind]["stalled_s"] * 1e6),
                after[resource, kind])
    return None


def check_vmstat():
    """/proc/vmstat before and after"""
    def counters():
        with open("/proc/vmstat", encoding="ascii") as file:
            return {line.split()[0]: int(line.split()[1]) for line in file}
    before, vmstat, after = counters(), info("vmstat")["vmstat"], counters()
    page = os.sysconf("SC_PAGESIZE")
    for key, name, factor in (("pgfault", "page_faults", 1), ("pgmajfault", "major_page_faults", 1),
                              ("oom_kill", "oom_kills", 1), ("pgpgin", "paged_in_bytes", 1024),
                              ("pswpout", "swapped_out_bytes", page)):
        between(name, before[key] * factor, vmstat[name], after[key] * factor)


def check_psutil():
    """psutil: what both know"""
    try:
        import psutil
    except ImportError:
        return "psutil is not installed"
    before = psutil.net_io_counters(pernic=True, nowrap=False)
    document = info()
    after = psutil.net_io_counters(pernic=True, nowrap=False)
    same("memory", psutil.virtual_memory().total, document["memory"]["total_bytes"])
    same("swap", psutil.swap_memory().total, document["memory"]["swap_total_bytes"])
    same("processors", psutil.cpu_count(), document["cpu"]["online"])
    same("cores", psutil.cpu_count(logical=False), document["cpu"]["cores"])
    near("boot", psutil.boot_time(), document["host"]["boot_time_s"], psutil.boot_time(), 2)
    same("users", len(psutil.users()), len(document["sessions"]) if "sessions" in document else 0)
    for name, io in before.items():
        mine = next(each for each in document["networks"] if each["name"] == name)
        between(name, io.bytes_recv, mine["receive_bytes"], after[name].bytes_recv)
    families = {2: "ipv4", 10: "ipv6"}
    for name, addresses in psutil.net_if_addrs().items():
        mine = next(each for each in document["networks"] if each["name"] == name)
        same(name + " addresses",
             sorted((families[each.family], each.address.split("%")[0])
                    for each in addresses if each.family in families),
             sorted((each["family"], each["address"]) for each in mine["addresses"]))
    return None


def check_host():
    """uname, hostname, os-release, the password database"""
    host = info("host")["host"]
    same("kernel", os.uname().release, host["kernel"])
    same("arch", os.uname().machine, host["arch"])
    same("hostname", os.uname().nodename, host["hostname"])
    import platform
    import pwd
    try:
        release = platform.freedesktop_os_release()
        same("distribution", release.get("PRETTY_NAME"), host.get("distribution"))
        same("id", release.get("ID"), host.get("distribution_id"))
    except OSError:
        pass
    user = pwd.getpwuid(os.getuid())
    same("user", [user.pw_name, user.pw_uid, user.pw_gid, user.pw_dir, user.pw_shell],
         [host["user"][key] for key in ("name", "uid", "gid", "home", "shell")])
    with open("/proc/uptime", encoding="ascii") as file:
        near("uptime", host["uptime_s"], float(file.read().split()[0]), host["uptime_s"], 5)


def check_sockets():
    """/proc/net/snmp before and after"""
    def snmp():
        with open("/proc/net/snmp", encoding="ascii") as file:
            lines = [line.split() for line in file]
        return {(names[0], name): int(value) for names, values in zip(lines[::2], lines[1::2])
                for name, value in zip(names[1:], values[1:])}
    before, sockets, after = snmp(), info("sockets")["sockets"], snmp()
    for key, name in ((("Tcp:", "ActiveOpens"), "tcp_opened"),
                      (("Tcp:", "OutSegs"), "tcp_segments_sent"),
                      (("Udp:", "InDatagrams"), "udp_received"),
                      (("Ip:", "InReceives"), "ip_received")):
        between(name, before[key], sockets[name], after[key])


def when_calm(check):
    """Others take and give back memory, mount and unmount between two looks: look again. Who is
    wrong is wrong each time."""
    for _ in range(20):
        try:
            return check()
        except (AssertionError, KeyError, StopIteration):
            pass
    return check()


def main():
    for name in sys.argv[1:]:
        try:
            reason = when_calm(globals()["check_" + name])
        except (AssertionError, KeyError, StopIteration) as error:
            print(f"{name}: {type(error).__name__}: {error}")
            continue
        print(f"{name}: agrees")
        if reason:
            print(f"{name}: not compared: {reason}", file=sys.stderr)


main()
