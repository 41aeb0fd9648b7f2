"""Read the NDJSON of `hostkit up --json` from stdin, check it, and print it for people.

usage: up_events.py check           every line parses, has the envelope, and seq has no gaps
       up_events.py states SERVICE  the states of that service, in order, on one line
       up_events.py field NAME SERVICE STATE   that member of the first such event
"""
import json
import sys

ENVELOPE = ("schema", "host", "boot_id", "seq", "time_s")


def check(events):
    for place, event in enumerate(events, 1):
        missing = [key for key in ENVELOPE if key not in event]
        if missing:
            sys.exit(f"event {place} lacks {missing}: {event}")
        if event["seq"] != place:
            sys.exit(f"event {place} has seq {event['seq']}")
        if event["schema"] != "hostkit.service.event/1":
            sys.exit(f"event {place} has schema {event['schema']}")
    if not events or events[-1]["event"] != "end":
        sys.exit(f"the last event is not the end: {events[-1:]}")
    print("whole")


def main(words):
    events = [json.loads(line) for line in sys.stdin.buffer]
    if words[0] == "check":
        check(events)
    elif words[0] == "states":
        print(*[event["state"] for event in events
                if event["event"] == "state" and event["service"] == words[1]])
    elif words[0] == "field":
        name, service, state = words[1:]
        for event in events:
            if event.get("service") == service and event.get("state") == state:
                print(json.dumps(event.get(name, "absent")))
                return
        sys.exit("there is no such event")


main(sys.argv[1:])
