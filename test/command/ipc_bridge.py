"""ipc_bridge.py SOCKET PROGRAM…: run a program whose input and output are a connection to
SOCKET, as `socat UNIX-CONNECT:SOCKET EXEC:PROGRAM` does where there is one."""

import os
import socket
import sys

connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
os.dup2(connection.fileno(), 0)
os.dup2(connection.fileno(), 1)
os.execvp(sys.argv[2], sys.argv[2:])
