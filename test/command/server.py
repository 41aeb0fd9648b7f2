"""A server for tests, which says what it was asked.

usage: server.py http|tcp PORT [GATE]     before the file GATE exists it answers 503
       server.py notify                   says READY=1 on $NOTIFY_SOCKET, then WATCHDOG=1 until
                                          the file `stuck` exists
"""
import http.server
import os
import socket
import sys
import time


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        open_now = len(sys.argv) < 4 or os.path.exists(sys.argv[3])
        self.send_response(200 if open_now else 503)
        self.end_headers()

    def log_message(self, *words):
        pass


def notify():
    address = os.environ["NOTIFY_SOCKET"]
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.sendto(b"STATUS=warming up\n", address)
        to.sendto(b"READY=1\nSTATUS=serving\n", address)
        while not os.path.exists("stuck"):
            to.sendto(b"WATCHDOG=1", address)
            time.sleep(0.05)
    time.sleep(1000)


if sys.argv[1] == "http":
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Answer).serve_forever()
elif sys.argv[1] == "tcp":
    listener = socket.create_server(("127.0.0.1", int(sys.argv[2])))
    while True:
        listener.accept()[0].close()
else:
    notify()
