"""hostkit up and its peers behind one face: start programs, name your own processes, stop.

Each runs in a folder of its own, in the foreground where it can, with nothing switched on
that the question does not ask for: no web interface, no log of its own, no pause before a
restart.  A peer that is not installed is None in find().
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

PATIENCE_S = 60


@dataclass
class Program:
    name: str
    argv: list
    log: str = None  # file for its output; None: it goes nowhere
    restart: bool = True


def until(happened, what):
    """Wait for an event that nobody announces."""
    end = time.monotonic() + PATIENCE_S
    while not (result := happened()):
        if time.monotonic() > end:
            raise TimeoutError(f"never happened: {what}")
        time.sleep(0.0005)
    return result


class Supervisor:
    name = ""

    def __init__(self, folder, command):
        self.folder, self.command, self.process = folder, command, None
        os.makedirs(folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def launch(self, argv, stdout=subprocess.DEVNULL, **more):
        with open(self.path("errors"), "ab") as errors:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=errors,
                start_new_session=True, cwd=self.folder, **more)

    def own(self):
        """The supervisor's own processes, without its programs."""
        return [self.process.pid]

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, failure, *unused):
        self.stop()
        if failure is not None and os.path.exists(self.path("errors")):
            with open(self.path("errors"), errors="replace") as errors:
                print(f"{self.name} said: {errors.read()[-2000:]}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)


class Hostkit(Supervisor):
    name = "hostkit"

    def start(self, programs, stdout=subprocess.DEVNULL):
        services = {}
        for program in programs:
            service = {
                "command": program.argv,
                "restart": "always" if program.restart else "no",
                "backoff": {"initial": "1ms", "max": "1ms", "factor": 1, "limit": "none"},
                "stop_grace_period": "1s",
            }
            if program.log:
                service["logging"] = {"file": program.log, "max_size": 0}
            services[program.name] = service
        config = self.write("hostkit.json", json.dumps({"services": services}))
        quiet = [] if stdout != subprocess.DEVNULL else ["--quiet"]
        self.launch([self.command, "up", "-f", config, "--state-directory",
                     self.path("state"), *quiet], stdout)


class Supervisord(Supervisor):
    name = "supervisord"

    def start(self, programs, stdout=subprocess.DEVNULL):
        text = ("[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\n"
                f"pidfile={self.path('pid')}\n")
        for program in programs:
            restart = str(program.restart).lower()
            text += (f"[program:{program.name}]\ncommand={' '.join(program.argv)}\n"
                     f"autorestart={restart}\nstartsecs=0\nstartretries=1000000\n"
                     "stopasgroup=true\nkillasgroup=true\nstopwaitsecs=1\n"
                     f"redirect_stderr=true\nstdout_logfile={program.log or 'NONE'}\n"
                     "stdout_logfile_maxbytes=0\n")
        self.launch([self.command, "-n", "-c", self.write("supervisord.conf", text)], stdout)


class Pm2(Supervisor):
    """A daemon and a client; the daemon is what stays."""
    name = "pm2"

    def pm2(self, *argv):
        environment = dict(os.environ, PM2_HOME=self.folder, PM2_DISCRETE_MODE="true")
        return subprocess.run([self.command, *argv], env=environment, cwd=self.folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=PATIENCE_S, check=False)

    def start(self, programs, stdout=subprocess.DEVNULL):
        del stdout
        apps = [{
            "name": program.name, "script": program.argv[0], "args": program.argv[1:],
            "interpreter": "none", "autorestart": program.restart, "pmx": False,
            "vizion": False, "treekill": True, "max_restarts": 1000000, "min_uptime": 100, "restart_delay": 0,
            "out_file": program.log or "/dev/null", "error_file": "/dev/null",
        } for program in programs]
        self.pm2("start", self.write("ecosystem.config.json", json.dumps({"apps": apps})))
        with open(self.path("pm2.pid")) as file:
            self.daemon = int(file.read())

    def own(self):
        return [self.daemon]

    def stop(self):
        self.pm2("kill")


class Concurrently(Supervisor):
    """Shows output, keeps nothing: its standard output is the file.  Without a prefix, but
    not --raw, which hands its own standard output to the programs and carries nothing."""
    name = "concurrently"

    def start(self, programs, stdout=subprocess.DEVNULL):
        again = ["--restart-tries", "-1"] if programs[0].restart else []
        commands = [" ".join(program.argv) for program in programs]
        self.launch([self.command, "--prefix", "none", *again, *commands], stdout)


def find(wanted=(Hostkit, Supervisord, Pm2, Concurrently)):
    """Which there are: class -> path of its command, or None."""
    peers = os.environ.get("HOSTKIT_PEERS", "")
    places = {
        Hostkit: os.environ.get("HOSTKIT") or shutil.which("hostkit"),
        Supervisord: shutil.which("supervisord"),
        Pm2: shutil.which("pm2", path=peers),
        Concurrently: shutil.which("concurrently", path=peers),
    }
    if places[Hostkit] is None:
        sys.exit("set HOSTKIT to the command to be measured, or use script/bench")
    return {kind: places[kind] for kind in wanted}


def helper(name):
    """A program of ours that is built beside the command."""
    folder = os.path.dirname(os.path.abspath(find((Hostkit,))[Hostkit]))
    path = os.path.join(folder, "bench", f"bench-{name}")
    if not os.access(path, os.X_OK):
        sys.exit(f"'{path}' is missing; build with -Dbench=true, or use script/bench")
    return path


def read_stamps(path):
    """What bench-born and bench-flood appended: (pid, ns) of each whole line."""
    try:
        with open(path) as file:
            lines = file.read().split("\n")[:-1]
    except FileNotFoundError:
        return []
    return [tuple(int(word) for word in line.split()) for line in lines]


def switches(pids):
    """Context switches, voluntary or not, of all threads of these processes."""
    total = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/status") as file:
                total += sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)
    return total


def memory(pids, key):
    """Bytes: the sum of "Pss", "Rss" … of these processes."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            total += next(int(line.split()[1]) for line in file if line.startswith(key + ":"))
    return total * 1024
