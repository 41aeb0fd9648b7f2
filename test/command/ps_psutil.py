"""A program with threads, files, sockets and limits of its own: psutil and ps(1) as oracles
for `hostkit ps`.  What cannot change is equal; what grows lies between two readings."""

import json
import os
import socket
import subprocess
import sys
import time

import psutil

PROGRAM = """
import os, socket, sys, tempfile, threading
hold = threading.Event()
for name in ("a) S 1", "plain"):
    threading.Thread(target=hold.wait, name=name, daemon=True).start()
file = tempfile.TemporaryFile()
file.write(b"x" * 1000); file.flush()
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen(5)
client = socket.create_connection(listener.getsockname())
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); datagram.bind(("127.0.0.1", 0))
os.nice(3)
print("ready", flush=True)
sys.stdin.read()
"""


def differ(what, ours, theirs):
    print(f"{what}: hostkit {ours!r}, psutil {theirs!r}")


def check(what, ours, theirs):
    if ours != theirs:
        differ(what, ours, theirs)
        return 1
    return 0


def between(what, before, ours, after):
    if not before <= ours <= after:
        differ(what, ours, (before, after))
        return 1
    return 0


def hostkit(*arguments):
    run = subprocess.run(["hostkit", "ps", "--json", *arguments], capture_output=True,
                         text=True, check=True)
    return json.loads(run.stdout)["processes"][0]


def addresses(rows):
    return sorted(rows, key=str)


# While it looks, hostkit shares pages of libc with the program it looks at.
OWN_SHARE = 65536


def shares(child):
    """What it has of its own and what it shares: by psutil, by us, by psutil again."""
    before = them.memory_full_info()
    ours = hostkit("--show", "memory", str(child.pid))["details"]["memory"]
    after = them.memory_full_info()
    for name in ("uss", "pss"):
        low, high = sorted((getattr(before, name), getattr(after, name)))
        yield name, low - OWN_SHARE, ours[name + "_bytes"], high + OWN_SHARE


def shares_agree():
    # Whoever else starts or ends meanwhile shares pages with it: again, until nobody does.
    for _ in range(50):
        found = list(shares(child))
        if all(low <= ours <= high for _, low, ours, high in found):
            return 0
    return sum(between(*each) for each in found)


child = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, env=dict(os.environ, ORACLE="a b=c"))
child.stdout.readline()
them = psutil.Process(child.pid)
wrong = 0
try:
    while them.status() != psutil.STATUS_SLEEPING:  # it has said its word and waits for ours
        time.sleep(0.01)
    before_cpu, before_io = them.cpu_times(), them.io_counters()
    us = hostkit("--columns", "all", str(child.pid))
    after_cpu, after_io = them.cpu_times(), them.io_counters()
    closely = hostkit("--show", "all", str(child.pid))["details"]

    wrong += check("ppid", us["ppid"], them.ppid())
    wrong += check("name", us["name"], them.name())
    wrong += check("command", us["command"], them.cmdline())
    wrong += check("state", us["state"], them.status())
    wrong += check("user", us["user"], them.username())
    wrong += check("executable", us["executable"], them.exe())
    wrong += check("working_directory", us["working_directory"], them.cwd())
    wrong += check("threads", us["threads"], them.num_threads())
    wrong += check("nice", us["nice"], them.nice())
    wrong += check("uid", [us["uid"], us["effective_uid"], us["saved_uid"]], list(them.uids()))
    wrong += check("gid", [us["gid"], us["effective_gid"], us["saved_gid"]], list(them.gids()))
    wrong += check("descriptors", us.get("descriptors", them.num_fds()), them.num_fds())
    # The kernel keeps a part of this counter on each processor and adds it up when it likes.
    rss = them.memory_info().rss
    wrong += between("rss", rss - 524288, us["rss_bytes"], rss + 524288)
    wrong += check("virtual", us["virtual_bytes"], them.memory_info().vms)
    wrong += check("shared", us["shared_bytes"], them.memory_info().shared)
    # psutil counts from a boot time in whole seconds.
    wrong += between("start", them.create_time() - 1.01, us["start_time_s"],
                     them.create_time() + 1.01)
    wrong += between("user time", before_cpu.user, us["cpu_user_s"], after_cpu.user)
    wrong += between("read calls", before_io.read_count, us["read_calls"], after_io.read_count)
    wrong += between("written", before_io.write_bytes, us["written_bytes"], after_io.write_bytes)

    wrong += check("thread ids", sorted(row["id"] for row in closely["threads"]),
                   sorted(row.id for row in them.threads()))
    wrong += check("environment", closely["environment"].count("ORACLE=a b=c"),
                   int(them.environ()["ORACLE"] == "a b=c"))
    wrong += check("files",
                   sorted((row["descriptor"], row["position"]) for row in closely["files"]
                          if row.get("kind") == "regular" and "(deleted)" not in row["path"]),
                   sorted((row.fd, row.position) for row in them.open_files()
                          if os.path.isfile(row.path)))
    wrong += check("deleted file",
                   [row["position"] for row in closely["files"] if "(deleted)" in row["path"]],
                   [1000])
    wrong += check("connections",
                   addresses([row["descriptor"], row["local_address"], row["local_port"],
                              row.get("remote_port")]
                             for row in closely["connections"] if row["protocol"] != "unix"),
                   addresses([row.fd, row.laddr.ip, row.laddr.port,
                              row.raddr.port if row.raddr else None]
                             for row in them.connections("inet")))
    wrong += shares_agree()
    limits = {row["name"]: row for row in closely["limits"]}
    soft, hard = them.rlimit(psutil.RLIMIT_NOFILE)
    wrong += check("limits", [limits["open_files"]["soft"], limits["open_files"]["hard"]],
                   [soft, hard])

    fields = "ppid=,pgid=,sess=,nlwp=,ni=,uid="
    theirs = subprocess.run(["ps", "-o", fields, "-p", str(child.pid)], capture_output=True,
                            text=True, check=True).stdout.split()
    wrong += check("ps", [str(us["ppid"]), str(us["group"]), str(us["session"]),
                          str(us["threads"]), str(us["nice"]), str(us["uid"])],
                   theirs)
finally:
    child.stdin.close()
    child.wait()
print("agreed" if wrong == 0 else f"{wrong} differences")
