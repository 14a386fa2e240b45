"""What a scenario is given: a node, a client, and verbs that run the client's program (clients/README.md)."""

import hashlib
import json
import struct

from harness import processes, wire
from harness.checks import Mismatch, equal, true
from harness.programs import records

SESSION_MS = 6000
HEARTBEAT_MS = 500


class Lacking:
    """Stands for the answer of a step that the client's library has no call for."""


class Scene:
    """One scenario with one client."""

    def __init__(self, world, node, client, scenario):
        self.world, self.node, self.client = world, node, client
        self.prefix = f"{client.name}-{scenario}".replace(" ", "-")
        self.running = []
        self.missed = set()

    def has(self, ability):
        """Whether the client can do something; what it cannot is remembered for `left_out`."""
        if ability in self.client.lacks:
            self.missed.add(ability)
        return ability not in self.client.lacks

    def left_out(self):
        """What the scenario did without, with the reasons."""
        return "; ".join(f"without {ability}: {self.client.lacks[ability]}" for ability in sorted(self.missed))

    def name(self, what):
        """A name of a topic or group that no other scenario uses."""
        return f"{self.prefix}-{what}"

    def topic(self, what, partitions=1, **configs):
        """A new topic, made without the client; its records are kept, however old their timestamps."""
        name = self.name(what)
        wire.create_topic(self.node.port, name, partitions, {"retention.ms": -1, **configs})
        leads = lambda: wire.partitions_served(self.node.port, name, partitions) == partitions  # noqa: E731
        processes.wait_until(leads, 20, f"{name} served")
        return name

    def produce(self, *runs):
        """Sends the records of some runs and returns for each its offsets in the order of its records.

        A record that fails is a mismatch; a run that may fail belongs to `attempt`.
        """
        reports = self.attempt(*runs)
        failed = [report for report in reports if "failed" in report]
        equal(failed, [], "records that were refused")
        for number, run in enumerate(runs):
            done = [report["done"] for report in reports if report["run"] == number and "done" in report]
            if "records" in run:
                equal(done, [len(run["records"])], f"records of run {number} that were sent")
        return [[report["offset"] for report in self.produced(reports, number)] for number in range(len(runs))]

    def attempt(self, *runs):
        """Sends the records of some runs and returns all reports."""
        defaults = {"codec": "none", "acks": "all", "idempotent": False}
        told = {"bootstrap": self.node.bootstrap, "runs": [{**defaults, **run} for run in runs]}
        return self.client.run("produce", told, seconds=180)

    @staticmethod
    def produced(reports, run):
        found = [report for report in reports if report["run"] == run and "produced" in report]
        return sorted(found, key=lambda report: report["produced"])

    def consume(self, *runs, seconds=120):
        """Reads as some runs say and returns the records of each."""
        program = self.consumer(*runs)
        reports = program.finish(seconds)
        wrong = [report for report in reports if "error" in report]
        equal(wrong, [], "errors while reading")
        return [records(reports, number) for number in range(len(runs))]

    def consumer(self, *runs):
        """A program that reads as some runs say."""
        defaults = {"partitions": [0], "from": "beginning", "isolation": "read_uncommitted"}
        told = {"bootstrap": self.node.bootstrap, "runs": [{**defaults, **run} for run in runs]}
        return self.start("consume", told)

    def start(self, verb, told):
        program = self.client.start(verb, told)
        self.running.append(program)
        return program

    def admin(self, *steps):
        """Carries steps out and returns the answer of each; an error is an answer `{code, error}`.

        A step that the client lacks is left out, and answered with `Lacking`.
        """
        told = [{"isolation": "read_uncommitted", **step} for step in steps if self.has(step["do"])]
        reports = self.client.run("admin", {"bootstrap": self.node.bootstrap, "steps": told})
        unsupported = [report for report in reports if "unsupported" in report]
        equal(unsupported, [], "steps that the client should have")
        answers = iter(reports)
        return [self.answer(next(answers)) if self.has(step["do"]) else Lacking for step in steps]

    @staticmethod
    def answer(report):
        return report["answer"] if "answer" in report else {"code": report["code"], "error": report["error"]}

    def member(self, group, topic, strategy="range", instance=None, commit=True):
        """A member of a group."""
        times = {"session_ms": SESSION_MS, "heartbeat_ms": HEARTBEAT_MS}
        told = {"bootstrap": self.node.bootstrap, "group": group, "topics": [topic], "strategy": strategy}
        return Member(self.start("member", {**told, "instance": instance, "commit": commit, **times}))

    def transactor(self, what, timeout_ms=60_000):
        """A producer with a transactional id of this scenario, that takes part in transactions as it is told."""
        told = {"bootstrap": self.node.bootstrap, "id": self.name(what), "timeout_ms": timeout_ms}
        return Transactor(self.start("transact", told))

    def copier(self, what, group, source, target, strategy, **how):
        """A program that copies a topic in transactions that hold records and offsets (clients/README.md, copy)."""
        times = {"session_ms": SESSION_MS, "heartbeat_ms": HEARTBEAT_MS, "timeout_ms": 60_000}
        told = {"bootstrap": self.node.bootstrap, "id": self.name(what), "group": group, "source": source, "target": target}
        return self.start("copy", {**told, **times, "strategy": strategy, "batch": 10, "abort": 0, "hang": 0, **how})

    def close(self):
        """Ends the programs that still run."""
        for program in self.running:
            processes.kill(program.process)


class Transactor:
    """A transactional producer, as the scenario sees it: it is told steps and answers them."""

    def __init__(self, program):
        self.program, self.steps = program, 0

    def attempt(self, *steps, seconds=60):
        """Carries steps out and returns the answer of each; an error is an answer `{code, error}`."""
        first, self.steps = self.steps, self.steps + len(steps)
        for step in steps:
            self.program.tell(json.dumps(step))
        answered = lambda reports: [each for each in reports if each.get("step", -1) >= first]  # noqa: E731
        everything = lambda reports: len(answered(reports)) == len(steps)  # noqa: E731
        self.program.wait(everything, seconds, f"{len(steps)} steps from {steps[0]['do']} are answered")
        return [Scene.answer(each) for each in answered(self.program.reports)]

    def do(self, *steps):
        """Carries steps out that must not fail, and returns their answers."""
        answers = self.attempt(*steps)
        wrong = [(step["do"], answer) for step, answer in zip(steps, answers) if isinstance(answer, dict)]
        equal(wrong, [], "steps of a transaction that failed")
        return answers

    def leave(self):
        self.program.tell("leave")
        self.program.finish(30)


class Member:
    """A member of a group, as the scenario sees it."""

    def __init__(self, program):
        self.program = program

    def assignments(self):
        """Every assignment that it reported, as sets."""
        found = [report["assigned"] for report in list(self.program.reports) if "assigned" in report]
        return [{(topic, partition) for topic, partition in each} for each in found]

    def owns(self):
        """The partitions that it reported last."""
        return (self.assignments() or [set()])[-1]

    def records(self):
        return records(list(self.program.reports))

    def errors(self):
        return [report for report in list(self.program.reports) if "error" in report]

    def committed(self):
        """The last committed offset by partition."""
        found = {}
        for report in list(self.program.reports):
            for topic, partition, offset in report.get("committed", []):
                found[partition] = offset
        return found

    def leave(self):
        """Has it leave and waits until it has."""
        self.program.tell("leave")
        reports = self.program.finish(30)
        true(any("left" in report for report in reports), f"{self.program.name} left: {self.program.last_words()}")

    def kill(self):
        self.program.kill()

    def pause(self):
        self.program.pause()

    def resume(self):
        self.program.resume()


def shared_out(members, sizes, seconds=40):
    """Waits until the members own so many partitions (in any order), no partition twice, and returns when they do."""
    def settled():
        owned = [member.owns() for member in members]
        return sorted(map(len, owned)) == sorted(sizes) and len(set().union(*owned)) == sum(sizes)

    try:
        processes.wait_until(settled, seconds, f"the members own {sizes} partitions")
    except processes.Overdue as overdue:
        state = [f"{member.program.name}: {sorted(member.owns())} {member.program.last_words()[-400:]}" for member in members]
        raise Mismatch("\n       ".join([str(overdue), *state])) from None


def hexed(value):
    return None if value is None else value.hex()


def sha(value):
    """The digest that a program reports of a value."""
    return None if value is None else hashlib.sha256(value).hexdigest()


def numbered(count, partition=0, first=0):
    """Records whose values are their numbers."""
    return [{"partition": partition, "value": hexed(str(number).encode())} for number in range(first, first + count)]


def values_file(path, values):
    """Writes values as the verb produce reads them."""
    with open(path, "wb") as file:
        for value in values:
            file.write(struct.pack(">i", len(value)) + value)
    return str(path)
