"""Wait until Prometheus has scraped.  usage: prometheus_up.py PORT JOB…"""
import json
import sys
import time
import urllib.parse
import urllib.request


def query(text):
    url = f"http://127.0.0.1:{sys.argv[1]}/api/v1/query?" + urllib.parse.urlencode({"query": text})
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["data"]["result"]
    except OSError:
        return []


def main():
    end = time.monotonic() + 90
    jobs = set(sys.argv[2:])
    while time.monotonic() < end:
        up = {row["metric"]["job"] for row in query("up == 1")}
        samples = {row["metric"]["job"]: float(row["value"][1])
                   for row in query("scrape_samples_scraped")}
        if up == jobs and all(samples.get(job, 0) > 100 for job in jobs):
            break
        time.sleep(0.05)
    for job in sorted(jobs):
        enough = "hundreds of" if samples.get(job, 0) > 100 else samples.get(job, "no")
        print(job, "is up," if job in up else "is down,", enough, "samples")


main()
