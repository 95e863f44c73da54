"""Compares what was received with what write.py wrote: FILE COUNT."""
import json
import sys

count = int(sys.argv[2])
with open(sys.argv[1]) as lines:
    found = [json.loads(line) for line in lines]


def fields(line):
    return line.get("message", line)


expected = [(str(i), f"number {i}") for i in range(1, count + 1)]
got = [(str(fields(line).get("value")), fields(line).get("text")) for line in found]
if got != expected:
    sys.exit(f"{len(got)} messages, the first {got[:2]}")
print(f"{count} messages")
