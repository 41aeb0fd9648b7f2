"""Lines that cannot be mistaken for each other, and the proof that none is missing or twice.

usage: lines.py print COUNT LENGTH     COUNT lines, numbered, of LENGTH bytes with the end
       lines.py check COUNT FILE…      the files, in this order, are exactly those lines
"""
import sys

if sys.argv[1] == "print":
    count, length = int(sys.argv[2]), int(sys.argv[3])
    out = sys.stdout.buffer
    for number in range(count):
        out.write(f"{number:08d} ".encode().ljust(length - 1, b"x") + b"\n")
else:
    count, wanted = int(sys.argv[2]), 0
    for name in sys.argv[3:]:
        with open(name, "rb") as file:
            data = file.read()
        if data and not data.endswith(b"\n"):
            sys.exit(f"{name} does not end with a line")
        for line in data.splitlines():
            if int(line[:8]) != wanted:
                sys.exit(f"{name}: line {int(line[:8])} where {wanted} was due")
            wanted += 1
    print(f"every line once" if wanted == count else f"{wanted} lines of {count}")
