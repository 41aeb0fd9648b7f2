#!/usr/bin/env python3
"""padding.py INCLUDE COMPILER…: structs that callers fill in have no implicit padding.

Options are compared and copied as bytes between versions of the header: a hole would
carry whatever was on the caller's stack.  Covered is every struct that opens with
`size_t size`, and every struct that one of them holds by value.  The compiler itself
tells where it pads (-Wpadded); we only look where.
"""

import os
import re
import subprocess
import sys

STRUCT = re.compile(r"^typedef struct (\w+) \{\n(.*?)^\} \1;", re.M | re.S)
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def structs(text):
    """name -> (first line, last line, body)"""
    text = COMMENT.sub(blank, text)
    found = {}
    for match in STRUCT.finditer(text):
        first = text.count("\n", 0, match.start()) + 1
        found[match.group(1)] = (first, first + match.group(0).count("\n"), match.group(2))
    return found


def held_by_value(body):
    return re.findall(r"^\s*(hk_\w+)\s+\w", body, re.M)


def main():
    include, *compiler = sys.argv[1:]
    places, bodies, options = {}, {}, []
    for header in sorted(os.listdir(os.path.join(include, "hostkit"))):
        with open(os.path.join(include, "hostkit", header), encoding="utf-8") as file:
            for name, (first, last, body) in structs(file.read()).items():
                places[name] = (header, first, last)
                bodies[name] = body
                if re.match(r"\s*size_t size;", body):
                    options.append(name)
    covered = []
    queue = list(options)
    while queue:
        name = queue.pop()
        if name in bodies and name not in covered:
            covered.append(name)
            queue += held_by_value(bodies[name])

    # sizeof makes clang lay them out; gcc does so anyway.
    source = "#include <hostkit/hostkit.h>\n" + "".join(
        f"extern char size_of_{name}[sizeof({name})];\n" for name in covered)
    run = subprocess.run(
        compiler + ["-std=c11", "-Wpadded", "-fsyntax-only", "-I", include, "-x", "c", "-"],
        input=source, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stderr)
    holes = [(os.path.basename(file), int(line), text) for file, line, text in
             re.findall(r"^(\S+):(\d+):\d+: warning: (padding .*)$", run.stderr, re.M)]

    print(f"1..{len(covered)}")
    failed = False
    for number, name in enumerate(sorted(covered), 1):
        header, first, last = places[name]
        inside = [hole for hole in holes if hole[0] == header and first <= hole[1] <= last]
        failed |= bool(inside)
        print(f"{'not ok' if inside else 'ok'} {number} - {name} has no implicit padding")
        for file, line, text in inside:
            print(f"# {file}:{line}: {text}")
    return 1 if failed else 0


sys.exit(main())
