#!/usr/bin/env python3
"""What script/test asks about Meson's tests: which there are, and how they went.

usage: tests.py select BUILD REGEX          names of the tests that match, one a line
       tests.py programs BUILD REGEX        the build targets those tests run
       tests.py tally BUILD LABEL LOGFILE   "PASSED FAILED SKIPPED", then a line for each
                                            failure and skip: "F<tab>text" or "S<tab>text"

A test that speaks TAP counts as its cases, any other as one.  A program that
crashes, hangs or breaks its plan fails once more than the cases it reported.
"""

import json
import os
import re
import subprocess
import sys

CASE = re.compile(r"^(not )?ok\b[ \t]*(\d+)?[ \t]*(?:-[ \t]*)?([^#\n]*)(?:#[ \t]*(\w+)\S*[ \t]*(.*))?$", re.M)
PLAN_SKIP = re.compile(r"^1\.\.0\s*#\s*skip\w*\s*(.*)$", re.M | re.I)


def introspect(build):
    text = subprocess.run(
        ["meson", "introspect", "--tests", build],
        check=True, capture_output=True, text=True).stdout
    return json.loads(text)


def selected(build, pattern):
    wanted = re.compile(pattern)
    return [test for test in introspect(build) if wanted.search(test["name"])]


def programs(build, tests):
    """Paths inside the build folder of every program a test needs."""
    root = os.path.realpath(build) + os.sep
    found = set()
    for test in tests:
        for word in test["cmd"]:
            if os.path.realpath(word).startswith(root):
                found.add(os.path.relpath(os.path.realpath(word), root))
    return sorted(found)


def last_line(*texts):
    for text in texts:
        lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
        if lines:
            return lines[-1]
    return "no reason given"


def skip_reason(output, start, reason, title):
    """cmocka gives the name where the reason belongs; what was said just before has it."""
    before = output[:start].rstrip("\n").rsplit("\n", 1)[-1]
    if reason and reason != title:
        return reason
    if not before.strip() or re.match(r"(not )?ok\b|1\.\.|[-*\[]", before):
        return "no reason given"
    return re.sub(r"^(# )?(skipped: )?|: skipped$", "", before.strip())


def tally_tap(name, result):
    """Counts and remarks of one TAP program."""
    passed, failed, skipped, remarks = 0, 0, 0, []
    output = result["stdout"] or ""
    for case in CASE.finditer(output):
        bad, _, title, directive, reason = (part or "" for part in case.groups())
        title, directive, reason = title.strip(), directive.lower(), reason.strip()
        if directive.startswith("skip"):
            title = title or reason
            skipped += 1
            remarks.append(f"S\t{name}: {title}: {skip_reason(output, case.start(), reason, title)}")
        elif bad and directive != "todo":
            failed += 1
            remarks.append(f"F\t{name}: {title}")
        else:
            passed += 1
    whole_skipped = PLAN_SKIP.search(output)
    if whole_skipped:
        skipped += 1
        remarks.append(f"S\t{name}: {whole_skipped.group(1).strip() or 'no reason given'}")
    # cmocka 1.1.5 says `not ok` of what it skipped, which Meson takes for a failure.
    fine = result["result"] in ("OK", "SKIP", "EXPECTEDFAIL") or (
        result["result"] == "FAIL" and result["returncode"] == 0 and skipped > 0)
    if not fine and failed == 0:
        failed += 1
        remarks.append(f"F\t{name}: {result['result'].lower()}, exit status {result['returncode']}")
    return passed, failed, skipped, remarks


def tally_exit_status(name, result):
    if result["result"] in ("OK", "EXPECTEDFAIL"):
        return 1, 0, 0, []
    if result["result"] == "SKIP":
        return 0, 0, 1, [f"S\t{name}: {last_line(result.get('stderr'), result['stdout'])}"]
    return 0, 1, 0, [f"F\t{name}: {result['result'].lower()}, exit status {result['returncode']}"]


def tally(build, label, logfile):
    protocols = {test["name"]: test["protocol"] for test in introspect(build)}
    sums, remarks = [0, 0, 0], []
    with open(logfile, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            result = json.loads(line)
            bare = result["name"].split(" / ")[-1].split(":")[-1]
            name = f"{label} {bare}"
            count = tally_tap if protocols.get(bare) == "tap" else tally_exit_status
            *counts, more = count(name, result)
            sums = [a + b for a, b in zip(sums, counts)]
            remarks += more
    print(*sums)
    print("\n".join(remarks))


def main(arguments):
    match arguments:
        case ["select", build, pattern]:
            print("\n".join(test["name"] for test in selected(build, pattern)))
        case ["programs", build, pattern]:
            print("\n".join(programs(build, selected(build, pattern))))
        case ["tally", build, label, logfile]:
            tally(build, label, logfile)
        case _:
            sys.exit(__doc__)


main(sys.argv[1:])
