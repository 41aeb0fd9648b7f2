"""Ask the metrics server what scrapers ask, and what nobody should.  usage: scrape.py URL"""
import http.client
import os
import socket
import sys
import time
import urllib.parse

place = urllib.parse.urlsplit(sys.argv[1])
PROMETHEUS = ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
              "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")


def ask(method, path, **headers):
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def memory(pid):
    with open(f"/proc/{pid}/status") as file:
        resident = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    return resident, len(os.listdir(f"/proc/{pid}/fd"))


def server():
    """The process that listens on the port: its sockets are searched by inode."""
    with open("/proc/net/tcp") as file:
        inode = next(line.split()[9] for line in file
                     if line.split()[1].endswith(":%04X" % place.port) and line.split()[3] == "0A")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{fd}") == f"socket:[{inode}]":
                    return pid
        except OSError:
            continue
    raise SystemExit("nobody listens there")


answer, body = ask("GET", "/metrics")
assert body.endswith(b"\n") and b"\nhostkit_build_info{" in body
print("GET /metrics:", answer.status, answer.getheader("Content-Type"))

answer, body = ask("GET", "/metrics", Accept=PROMETHEUS)
assert body.endswith(b"# EOF\n")
print("as Prometheus asks:", answer.status, answer.getheader("Content-Type"))

answer, body = ask("HEAD", "/metrics")
print(f"HEAD /metrics: {answer.status},", "empty" if not body else "not empty")

for path in "/", "/nothing":
    answer, body = ask("GET", path)
    print(f"GET {path}:", answer.status, answer.getheader("Content-Type"))

answer, body = ask("POST", "/metrics", **{"Content-Length": "0"})
print(f"POST /metrics: {answer.status}, allows", answer.getheader("Allow"))

with socket.create_connection((place.hostname, place.port)) as stranger:
    try:
        stranger.sendall(b"\0\xff\r\n" * 20000 + b"\r\n\r\n")
        stranger.shutdown(socket.SHUT_WR)
        reply = stranger.recv(100)
    except OSError:
        reply = b""
    print("nonsense:", "closed or refused" if reply == b"" or b" 4" in reply[:12] else reply)

def sockets():
    count = 0
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            count += os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")
        except OSError:
            continue  # closed meanwhile
    return count


pid = server()


def crowd(said):
    """300 who connect, say so much, and stay: a scrape comes through beside them."""
    strangers = []
    for _ in range(300):
        strangers.append(socket.create_connection((place.hostname, place.port), timeout=10))
        try:
            strangers[-1].sendall(said)
        except OSError:
            pass  # it has made room already
    answer, body = ask("GET", "/metrics")
    end = time.monotonic() + 4  # before their time is up: they went to make room
    while (held := sockets()) > 80 and time.monotonic() < end:
        time.sleep(0.01)
    for stranger in strangers:
        stranger.close()
    if answer.status != 200 or not body.endswith(b"\n"):
        return answer.status
    return "answered meanwhile" if held <= 80 else f"{held} sockets are held"


print("300 silent strangers:", crowd(b""))
print("300 who never end:", crowd(b"GET /metrics HTTP/1.1\r\nHost: here\r\n"))

for _ in range(50):
    ask("GET", "/metrics")
before = memory(pid)
for _ in range(100):
    ask("GET", "/metrics")
end = time.monotonic() + 60
after = memory(pid)
while after[1] > before[1] and time.monotonic() < end:  # it has not yet seen the last one go
    time.sleep(0.01)
    after = memory(pid)
grown = after[0] - before[0]
with open(f"/proc/{pid}/maps") as file:
    sanitized = "libasan" in file.read()  # what was freed stays in quarantine there
print("100 scrapes:", "nothing grew" if (sanitized or grown <= 1024) and after[1] <= before[1]
      else f"{grown} KiB and {after[1] - before[1]} descriptors more")
