"""Listen on a port the kernel chooses, print it, and wait.  usage: listen.py tcp|udp"""
import signal
import socket
import sys

kind = socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM
held = socket.socket(socket.AF_INET, kind)
held.bind(("127.0.0.1", 0))
if kind == socket.SOCK_STREAM:
    held.listen()
print(held.getsockname()[1], flush=True)
signal.pause()
