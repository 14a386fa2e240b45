"""How the Python programs speak: parameters in, reports out, as ../README.md says."""

import hashlib
import json
import queue
import struct
import sys
import threading


def parameters():
    """What the program is told, in its first line."""
    return json.loads(sys.stdin.readline())


def report(**fields):
    print(json.dumps(fields), flush=True)


def bytes_of(text):
    return None if text is None else bytes.fromhex(text)


def text_of(value):
    return None if value is None else bytes(value).hex()


def headers_of(pairs):
    return [(name, bytes_of(value)) for name, value in pairs]


def report_record(partition, offset, timestamp, key, value, headers, **more):
    digest = None if value is None else hashlib.sha256(value).hexdigest()
    headers = [[name, text_of(content)] for name, content in headers or []]
    size = -1 if value is None else len(value)
    report(**more, partition=partition, offset=offset, timestamp=timestamp, key=text_of(key), value=digest, size=size,
           headers=headers)


def records_of(run):
    """The records that a run of produce shall send, with every field."""
    if run.get("values"):
        for value in values_of(run["values"]):
            yield {"partition": 0, "key": None, "value": value, "headers": [], "timestamp": None}
    for record in run.get("records") or []:
        fields = {name: bytes_of(record.get(name)) for name in ("key", "value")}
        headers = headers_of(record.get("headers") or [])
        yield {"partition": record["partition"], **fields, "headers": headers, "timestamp": record.get("timestamp")}


def values_of(path):
    with open(path, "rb") as file:
        while length := file.read(4):
            yield file.read(struct.unpack(">i", length)[0])


def orders():
    """A queue that is given each further line of standard input, and "leave" when that ends."""
    lines = queue.Queue()

    def read():
        for line in sys.stdin:
            lines.put(line.strip())
        lines.put("leave")

    threading.Thread(target=read, daemon=True).start()
    return lines


def asked_to_leave(lines):
    try:
        return lines.get_nowait() == "leave"
    except queue.Empty:
        return False


def steps():
    """The steps that are told one after the other, with their numbers, until the program is asked to leave."""
    lines, number = orders(), 0
    while (line := lines.get()) != "leave":
        yield number, json.loads(line)
        number += 1
