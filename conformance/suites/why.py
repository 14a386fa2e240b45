"""`milena why` names what a group and a partition wait for, with kcat on the other side; Apache Kafka cannot tell, and that is said."""

import json
import os
import signal
import subprocess

from harness import brokers, kcat, processes
from harness.checks import case, equal, true

GROUP = "readers"
# Longer than a case takes, so that a paused member is waited for and not forgotten.
SESSION_MS = 45_000


def run(world):
    with brokers.Milena() as node:
        kcat.produce(node, "orders", [b"%d" % number for number in range(10)])
        groups(node)
        partitions(node)
        refusals(node)
    with brokers.Oracle() as node:
        kcat.produce(node, "orders", [b"0"])
        elsewhere(node)


def groups(node):
    with case("a paused member is named, and freed when it goes on"):
        members = {name: member(node, name) for name in ("going", "paused")}
        wait_for(node, lambda told: stands(told, "Stable", 2), "two members are stable")
        os.kill(members["paused"].pid, signal.SIGSTOP)
        members["coming"] = member(node, "coming")
        told = wait_for(node, lambda told: waits(told) == ["group.member-has-not-joined"], "the group waits for one member")
        wait = told["waits"][0]
        true(" client paused " in wait["evidence"][0], f"the paused member is named: {wait}")
        true(0 < wait["left_ms"] <= 300_000, f"when time ends the wait: {wait}")
        words = why(node, "group", GROUP)
        true(b"[group.member-has-not-joined]" in words and b"freed by: its JoinGroup" in words, f"in words: {words!r}")
        os.kill(members["paused"].pid, signal.SIGCONT)
        wait_for(node, lambda told: stands(told, "Stable", 3) and not told["waits"], "three members are stable")
        true(b"\nnothing waits\n" in why(node, "group", GROUP), "and nothing waits")
        for process in members.values():
            processes.kill(process)


def partitions(node):
    with case("a consumer that has read everything waits at the end of the partition"):
        options = ["-C", "-t", "orders", "-p", "0", "-o", "end", "-X", "client.id=tail", "-X", "fetch.wait.max.ms=20000"]
        tail = kcat.start(node, *options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        told = wait_for(node, lambda told: waits(told) == ["partition.fetch-at-end"], "the fetch waits", "partition", "orders-0")
        true("client tail " in told["waits"][0]["evidence"][0], f"the client is named: {told['waits']}")
        facts = told["facts"]
        equal([facts["high_watermark"], facts["log_end_offset"], facts["last_stable_offset"]], [10, 10, 10], "offsets")
        equal([facts["leader"], facts["in-sync_replicas"]], [1, ["1"]], "leader and in-sync replicas")
        processes.kill(tail)
        wait_for(node, lambda told: not waits(told), "a client that is gone waits no more", "partition", "orders-0")


def refusals(node):
    with case("what is not there is an error that names what may be meant"):
        refused(node, "group", "raeders", b"error[GROUP_ID_NOT_FOUND]: the group raeders does not exist; did you mean readers?")
        refused(node, "partition", "ordres-0", b"error[UNKNOWN_TOPIC_OR_PARTITION]: the topic ordres does not exist; did you mean orders?")
        refused(node, "partition", "orders-7", b"error[partition]: orders has partitions 0 to 0, not 7")


def elsewhere(node):
    with case("of Apache Kafka it is said that it cannot tell"):
        for subject in (("group", GROUP), ("partition", "orders-0")):
            refused(node, *subject, b"error[not-milena]: broker %b cannot tell" % node.bootstrap.encode())
        equal(kcat.consume(node, "orders"), [b"0"], "and it goes on serving")


def member(node, name):
    options = ["-G", GROUP, "-X", f"client.id={name}", "-X", f"session.timeout.ms={SESSION_MS}", "orders"]
    return kcat.start(node, *options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def why(node, *arguments):
    return processes.run([brokers.Milena.binary(), "why", *arguments, "-b", node.bootstrap])


def refused(node, *arguments):
    *arguments, expected = arguments
    done = processes.finish([brokers.Milena.binary(), "why", *arguments, "-b", node.bootstrap])
    true(done.returncode != 0 and expected in done.stderr, f"exit {done.returncode}: {done.stderr[-300:]!r}")


def wait_for(node, condition, what, subject="group", name=GROUP):
    """Asks until the answer is as expected, and returns it; a group that nobody has made yet is asked again."""
    last = {}

    def holds():
        done = processes.finish([brokers.Milena.binary(), "why", subject, name, "-b", node.bootstrap, "-o", "json"])
        if done.returncode == 0:
            last.update(json.loads(done.stdout))
        return done.returncode == 0 and condition(last)

    try:
        processes.wait_until(holds, 40, what)
    except processes.Overdue as overdue:
        raise processes.Overdue(f"{overdue}; the last answer: {last}") from None
    return last


def waits(told):
    return [wait["code"] for wait in told["waits"]]


def stands(told, state, members):
    return told["facts"].get("state") == state and len(told["facts"]["members"]) == members
