"""Read metrics as a strict scraper would.  usage: exposition.py [--openmetrics] FILE

Prints "fine", or what is wrong: a family told twice, samples of a family apart from one
another or from its head, a series twice, a counter without its ending or below zero.
"""
import re
import sys

LINE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? ([^ ]+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')


def labels_of(text):
    """The labels as a frozenset of pairs; dies on what is none."""
    pairs, at = [], 0
    while at < len(text):
        match = LABEL.match(text, at)
        if not match:
            return None
        pairs.append(match.group(1, 2))
        at = match.end()
    return frozenset(pairs) if len(dict(pairs)) == len(pairs) else None


def problems(text, openmetrics):
    if not text.endswith("# EOF\n" if openmetrics else "\n") or "\r" in text:
        yield "the end is not as it should be"
    seen, closed, family, kind, count = set(), set(), None, None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if line == "# EOF":
            break
        if line.startswith("# HELP "):
            if family is not None and count == 0:
                yield f"{family} has no samples"
            closed.add(family)
            family, count = line.split(" ")[2], 0
            if family in closed:
                yield f"line {number}: {family} is there twice"
            if not line.endswith("."):
                yield f"line {number}: the help is no sentence"
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if name != family:
                yield f"line {number}: TYPE of {name} after HELP of {family}"
            continue
        if line.startswith("# UNIT "):
            _, _, name, unit = line.split(" ")
            if name != family or not name.endswith("_" + unit):
                yield f"line {number}: {name} does not end in its unit"
            continue
        match = LINE.fullmatch(line)
        if not match:
            yield f"line {number}: cannot be read: {line}"
            continue
        name, labels, value = match.groups()
        pairs = labels_of(labels[1:-1]) if labels else frozenset()
        if pairs is None:
            yield f"line {number}: labels cannot be read: {labels}"
        ending = {"counter": "_total", "info": "_info"}.get(kind, "") if openmetrics else ""
        if name != family + ending:
            yield f"line {number}: {name} is not of family {family}"
        if kind == "counter" and (not name.endswith("_total") or not float(value) >= 0):
            yield f"line {number}: {name} {value} is no counter"
        if (name, pairs) in seen:
            yield f"line {number}: {name}{labels or ''} is there twice"
        seen.add((name, pairs))
        count += 1
    if not seen:
        yield "nothing is there"


def main():
    openmetrics = sys.argv[1] == "--openmetrics"
    with open(sys.argv[-1], encoding="utf-8", newline="") as file:
        found = list(problems(file.read(), openmetrics))
    print("\n".join(found) or "fine")


main()
