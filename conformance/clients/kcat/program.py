"""kcat's group mode as a member (../README.md): what kcat prints, put into reports."""

import ctypes
import json
import re
import signal
import subprocess
import sys
import threading

from speech import orders, parameters, report, report_record

STRATEGIES = {"range": "range", "roundrobin": "roundrobin", "cooperative": "cooperative-sticky"}
DIE_WITH_PARENT = 1


def member(told):
    settings = {
        "partition.assignment.strategy": STRATEGIES[told["strategy"]],
        "session.timeout.ms": told["session_ms"],
        "heartbeat.interval.ms": told["heartbeat_ms"],
        "enable.auto.commit": str(told["commit"]).lower(),
        "auto.commit.interval.ms": 200,
        "auto.offset.reset": "earliest",
        "fetch.wait.max.ms": 100,
        "topic.metadata.refresh.interval.ms": 1000,
    }
    if told["instance"] is not None:
        settings["group.instance.id"] = told["instance"]
    options = [word for key, value in settings.items() for word in ("-X", f"{key}={value}")]
    command = ["kcat", "-b", told["bootstrap"], *options, "-E", "-u", "-J", "-G", told["group"], *told["topics"]]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    kcat = subprocess.Popen(command, preexec_fn=die_with_parent, **pipes)
    readers = [threading.Thread(target=pass_records, args=[kcat.stdout]), threading.Thread(target=pass_news, args=[kcat.stderr])]
    for reader in readers:
        reader.start()
    lines = orders()
    while lines.get() != "leave":
        pass
    kcat.send_signal(signal.SIGTERM)
    for reader in readers:
        reader.join()
    kcat.wait()
    report(left=True)


def die_with_parent():
    """A member that is killed must not live on in its kcat."""
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)


def pass_records(output):
    for line in output:
        record = json.loads(line)
        key, value = (None if record[name] is None else record[name].encode() for name in ("key", "payload"))
        report_record(record["partition"], record["offset"], record["ts"], key, value, [])


def pass_news(errors):
    """What kcat tells of rebalances: `% Group G rebalanced (memberid M): assigned: T [0], T [1]` and its like."""
    owned = set()
    for line in errors:
        text = line.decode(errors="replace")
        sys.stderr.write(text)
        if "rebalanced" in text:
            places = {(topic, int(index)) for topic, index in re.findall(r"(\S+) \[(\d+)\]", text)}
            owned = owned | places if "assign" in text else owned - places
            report(assigned=sorted(owned))
        elif "ERROR" in text:
            report(code=None, error=text.strip())


if __name__ == "__main__":
    {"member": member}[sys.argv[1]](parameters())
