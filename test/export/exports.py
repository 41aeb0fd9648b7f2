#!/usr/bin/env python3
"""exports.py LIBRARY HEADERS: the exported symbols are the declared ones, in both
directions, under the version of the export map, and the library needs libc alone."""

import os
import re
import subprocess
import sys

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
DECLARATION = re.compile(r"\bHK_API\b([^;{]*)")
FUNCTION = re.compile(r"\b(\w+)\s*\((?!\s*\()")
MACROS = {"HK_PRINTF", "__attribute__"}


def declared(folder):
    names = set()
    for header in sorted(os.listdir(folder)):
        with open(os.path.join(folder, header), encoding="utf-8") as file:
            text = DIRECTIVE.sub("", COMMENT.sub(" ", file.read()))
        for declaration in DECLARATION.findall(text):
            functions = [name for name in FUNCTION.findall(declaration) if name not in MACROS]
            if functions:
                names.add(functions[0])
            else:  # an object: the last word, before any [size]
                names.add(re.findall(r"\w+", re.sub(r"\[.*?\]", "", declaration))[-1])
    return names


def exported(library):
    output = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                            capture_output=True, text=True).stdout
    symbols = {}
    for line in output.splitlines():
        kind, symbol = line.split()[-2:]
        name, _, version = symbol.partition("@")
        if kind != "A":
            symbols[name] = version.lstrip("@")
    return symbols


def needed(library):
    output = subprocess.run(["readelf", "-d", library], check=True, capture_output=True,
                            text=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", output)


def report(number, title, problems):
    print(f"{'not ok' if problems else 'ok'} {number} - {title}")
    for problem in problems:
        print(f"# {problem}")
    return bool(problems)


def main():
    library, headers = sys.argv[1:3]
    in_headers, in_library = declared(headers), exported(library)
    # Sanitizers and coverage bring libraries and symbols of their own.
    own = {name for name in in_library if not name.startswith("__")}
    foreign = [name for name in needed(library)
               if not re.match(r"(libc|ld-linux[^.]*|libasan|libubsan|libtsan|libgcov)\.", name)]
    print("1..4")
    failed = report(1, "every declared function is exported", [
        f"{name} is declared with HK_API and not in the library"
        for name in sorted(in_headers - own)])
    failed |= report(2, "every exported symbol is declared", [
        f"{name} is exported and in no public header" for name in sorted(own - in_headers)])
    failed |= report(3, "every symbol carries the version HOSTKIT_0", [
        f"{name} has '{in_library[name]}'" for name in sorted(own)
        if in_library[name] != "HOSTKIT_0"])
    failed |= report(4, "the library needs libc alone", [f"it needs {name}" for name in foreign])
    return 1 if failed else 0


sys.exit(main())
