"""A data directory changes hands in the middle of open transactions, at every transaction.version, there and back.

Producers of Java live through the change of broker: one commits afterwards what it began before, one aborts, one is fenced
by its successor, one does nothing until its transaction runs out. The last batches of some logs are cut off, as a crash of
the machine does, so that a transaction is decided and its markers are missing. Readers of committed records see what was
committed and nothing else, before and after, and Kafka's commands tell the same of every transaction.

Kafka itself is spared what it has to decide while it starts after kill -9: it then believes at first that it is the broker
that was killed, and the transactions that it ends by itself in that time it calls complete without having written markers.
"""

import contextlib
import struct
import subprocess

from harness import kafka, kcat, processes, wire
from harness.checks import Mismatch, case, equal, true
from suites import java_tools

PARTITIONS = 2
# What becomes of the transaction that is open when the directory changes hands.
ROLES = ["finished", "given-up", "fenced"]
TOPICS = ["settled", *ROLES, "timed-out", "prepared"]
SEGMENTED = ["settled", "finished", "given-up"]
LONG_MS, SHORT_MS = 120_000, 10_000
SETTINGS = {
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.num.partitions": 1,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 500,
    "auto.create.topics.enable": "false",
}
INTERNAL = ["__consumer_offsets", "__transaction_state"]


def run(world):
    there_and_back = [(world.Node, world.Oracle)] + ([(world.Oracle, world.Node)] if world.target != "oracle" else [])
    everything = [(*pair, ending, version) for version in (2, 1, 0) for ending in ("a clean stop", "kill -9") for pair in there_and_back]
    quick = [(*there_and_back[0], "kill -9", 2), (*there_and_back[-1], "a clean stop", 0)]
    for First, Second, ending, version in world.amount(everything, quick):
        handed_over(First, Second, ending, version)


def handed_over(First, Second, ending, version):
    title = f"from {First.name} to {Second.name} after {ending}, transaction.version {version}"
    with contextlib.ExitStack() as ending_with:
        first = ending_with.enter_context(First(overrides=SETTINGS))
        second = Second(data=first.data, overrides=SETTINGS)
        second.port = first.port
        ending_with.callback(second.close)
        play = Play(first, version)
        ending_with.callback(play.close)
        for node, other, decision in ((first, second, "commit"), (second, first, "abort")):
            play.node, by_itself = node, ending == "a clean stop" or other.name != "oracle"
            with case(f"{title}: {node.name} is left with open transactions"):
                play.open(decision)
                left = play.told()
                if by_itself:
                    play.open_to_run_out()
                    play.prepare(decision)
                node.kill() if ending == "kill -9" else node.stop()
                if by_itself:
                    cut_off(node, *(["prepared-1"] if decision == "commit" else ["prepared-0", "prepared-1"]), "__transaction_state-0")
            with case(f"{title}: kafka-dump-log reads what {node.name} leaves"):
                play.readable()
            play.node = other.start()
            with case(f"{title}: {other.name} tells the same of every transaction, and shows none that is open"):
                play.found_again(left)
                play.nothing_more_is_seen()
            with case(f"{title}: transactions end on {other.name} as if nothing had been"):
                play.end(by_itself)
            with case(f"{title}: readers on {other.name} see what was committed, to the end"):
                play.seen_to_the_end()
        with case(f"{title}: kafka-dump-log reads what both wrote"):
            first.stop()
            play.readable()


class Play:
    """The producers of one run, and what readers of committed records have to see."""

    def __init__(self, node, version):
        self.node, self.version = node, version
        self.tools, self.hand = kafka.Tools(), Hand(node)
        self.round = 0
        self.seen = {topic: [] for topic in TOPICS}
        self.aborted = dict.fromkeys(TOPICS, 0)
        self.groups = {}
        self.at_version(version)
        for topic in TOPICS:
            # Where segments are short, transactions span them, and aborted ones are in the indexes of several.
            times = {"segment.ms": 1} if topic in SEGMENTED else {}
            wire.create_topic(node.port, topic, PARTITIONS, {"retention.ms": -1, **times})
        for name in TOPICS:
            self.hand.does(f"open {name} {name} {SHORT_MS if name == 'timed-out' else LONG_MS}")

    def at_version(self, version):
        if version == 2:
            return
        words = ("--bootstrap-server", self.node.bootstrap, "downgrade", "--feature", f"transaction.version={version}")
        text, code = self.tools.run("kafka-features", *words)
        equal(code, 0, f"exit code of kafka-features, which said {text}")

    def open(self, decision):
        """Some transactions that end, and some that do not yet."""
        self.round += 1
        self.transaction("settled", "commit", "one")
        self.transaction("settled", "abort", "two")
        self.transaction("settled", "commit", "three")
        for role in ROLES:
            self.hand.does(f"begin {role}")
            self.send(role, role, "before")
            self.hand.does(f"offset {role} group-{role} settled 0 {self.round}")

    def open_to_run_out(self):
        self.hand.does("begin timed-out")
        self.send("timed-out", "timed-out", "before")

    def prepare(self, decision):
        """The last thing that happens before the node is killed; its log ends with the record that all markers are written."""
        self.transaction("prepared", decision, "decided")
        complete = lambda: f"Complete{decision.capitalize()}" in self.kafka_transactions("describe", "--transactional-id", "prepared")  # noqa: E731
        processes.wait_until(complete, 30, "the last transaction is complete")

    def send(self, name, topic, word):
        """A record to each partition; returns their values."""
        values = [f"{self.round}-{word}-{partition}" for partition in range(PARTITIONS)]
        for partition, value in enumerate(values):
            self.hand.does(f"send {name} {topic} {partition} {value}")
        return values

    def transaction(self, topic, decision, word):
        self.hand.does(f"begin {topic}")
        values = self.send(topic, topic, word)
        self.hand.does(f"{decision} {topic}")
        if decision == "commit":
            self.seen[topic] += values
        else:
            self.aborted[topic] += 1

    def told(self):
        """What kafka-transactions tells of those that stay as they are."""
        lines = [line.split() for line in self.kafka_transactions("list").splitlines()]
        found = {"list": sorted(line for line in lines if line and line[0] in ("settled", *ROLES))}
        for role in ROLES:
            table = self.kafka_transactions("describe", "--transactional-id", role).strip().splitlines()[-2:]
            heads, values = ([word.strip() for word in line.split("\t")] for line in table)
            described = dict(zip(heads, values))
            described.pop("TransactionDurationMs")
            described["TopicPartitions"] = sorted(described["TopicPartitions"].split(","))
            found[role] = described
        return found

    def kafka_transactions(self, *arguments):
        text, code = self.tools.run("kafka-transactions", "--bootstrap-server", self.node.bootstrap, *arguments)
        equal(code, 0, f"exit code of kafka-transactions, which said {text}")
        return text

    def found_again(self, left):
        processes.wait_until(lambda: self.served(), 60, "all partitions are served")
        found = self.told()
        for what, value in left.items():
            equal(found[what], value, f"what kafka-transactions tells of {what}")
        true(all("Ongoing" in str(left[role]) for role in ROLES), f"transactions that are open: {left}")

    def served(self):
        return all(-1 not in wire.end_offsets(self.node.port, topic, count) for topic, count in self.counts().items())

    @staticmethod
    def counts():
        return {**dict.fromkeys(TOPICS, PARTITIONS), **dict.fromkeys(INTERNAL, 1)}

    def nothing_more_is_seen(self):
        for topic in ("settled", *ROLES):
            equal(self.visible(topic), sorted(self.seen[topic]), f"committed records of {topic}")
        for role in ROLES:
            value = f"{self.round}-before-0"
            true(value in self.visible(role, "read_uncommitted"), f"{value} is in {role}, to be seen later or never")

    def end(self, by_itself):
        self.hand.does(f"send finished finished 0 {self.round}-after-0")
        self.hand.does("commit finished")
        self.seen["finished"] += [f"{self.round}-before-0", f"{self.round}-before-1", f"{self.round}-after-0"]
        self.groups["group-finished"] = self.round
        self.hand.does("abort given-up")
        # The successor of a producer ends what that has left open; the producer itself is fenced.
        self.hand.does(f"open successor fenced {LONG_MS}")
        self.hand.refuses("commit fenced", "ProducerFencedException", "InvalidProducerEpochException")
        self.hand.does(f"open fenced fenced {LONG_MS}")
        if by_itself:
            processes.wait_until(lambda: not self.behind(["timed-out"]), 60, "the transaction runs out")
            self.hand.refuses("commit timed-out", "ProducerFencedException", "InvalidProducerEpochException", "InvalidTxnStateException")
            self.hand.does(f"open timed-out timed-out {SHORT_MS}")
        self.hand.does(f"open fresh fresh-{self.round} {LONG_MS}")
        for topic in TOPICS:
            self.transaction(topic, "commit", "later")
            self.transaction(topic, "abort", "never")

    def seen_to_the_end(self):
        processes.wait_until(lambda: not self.behind(self.counts()), 30, "every last stable offset is the high watermark")
        for topic in TOPICS:
            equal(self.visible(topic), sorted(self.seen[topic]), f"committed records of {topic}")
        for role in ROLES:
            group = f"group-{role}"
            text, _ = self.tools.run("kafka-consumer-groups", "--bootstrap-server", self.node.bootstrap, "--describe", "--group", group)
            rows = [line.split() for line in text.splitlines() if line.split()[:2] == [group, "settled"]]
            wanted = [str(self.groups[group])] if group in self.groups else []
            equal([row[3] for row in rows], wanted, f"offsets of {group}, which were committed in transactions")
        self.ids_are_unique()

    def ids_are_unique(self):
        """No transactional id was given the producer id of another one, whichever node gave it."""
        rows = [line.split() for line in self.kafka_transactions("list").splitlines()[1:]]
        owners = {row[2]: row[0] for row in rows if row}
        equal(len(owners), len(TOPICS) + self.round, f"transactional ids by producer id: {owners}")

    def behind(self, topics):
        """Topics of which a last stable offset is below its high watermark."""
        found = []
        for topic in topics:
            count = self.counts()[topic]
            if wire.end_offsets(self.node.port, topic, count, committed=True) != wire.end_offsets(self.node.port, topic, count):
                found.append(topic)
        return found

    def visible(self, topic, isolation="read_committed"):
        lines = kcat.consume(self.node, topic, "-X", f"isolation.level={isolation}")
        return sorted(line.decode() for line in lines)

    def readable(self):
        """kafka-dump-log reads every record of the coordinators, and what is beside the logs of transactions."""
        self.dumps("__consumer_offsets-*/*.log", "--offsets-decoder")
        self.dumps("__transaction_state-*/*.log", "--transaction-log-decoder")
        for topic in SEGMENTED:
            for kind in ("log", "snapshot"):
                self.dumps(f"{topic}-*/*.{kind}")
        aborted = self.dumps("settled-*/*.txnindex")
        equal(aborted.count("firstOffset: "), PARTITIONS * self.aborted["settled"], f"aborted transactions in the indexes: {aborted}")

    def dumps(self, pattern, *options):
        files = ",".join(str(file) for file in sorted(self.node.data.glob(pattern)) if file.stat().st_size > 0)
        text, code = self.tools.run("kafka-dump-log", *options, "--files", files)
        equal(code, 0, f"exit code of kafka-dump-log of {pattern}, which said {text[-500:]}")
        java_tools.clean(text)
        return text

    def close(self):
        self.tools.close()
        self.hand.close()


class Hand:
    """The producers, each step at its time (java/TransactionHand.java)."""

    def __init__(self, node):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        classes = kafka.compiled("TransactionHand")
        self.process = processes.start(kafka.java("TransactionHand", node.bootstrap, classes=classes), **pipes)

    def answer(self, step):
        self.process.stdin.write(step.encode() + b"\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().strip()

    def does(self, step):
        equal(self.answer(step), "ok", step)

    def refuses(self, step, *errors):
        answer = self.answer(step)
        if not any(error in answer for error in errors):
            raise Mismatch(f"{step}: {answer}, instead of one of {', '.join(errors)}")

    def close(self):
        processes.kill(self.process)


def cut_off(node, *partitions):
    """Cuts the last batch off the logs of some partitions, as a machine that crashed may leave them."""
    for partition in partitions:
        log = max((node.data / partition).glob("*.log"))
        data = log.read_bytes()
        starts, at = [], 0
        while at + 12 <= len(data):
            (length,) = struct.unpack_from(">i", data, at + 8)
            starts.append(at)
            at += 12 + length
        equal(at, len(data), f"the end of the last batch of {log.name}")
        with open(log, "r+b") as file:
            file.truncate(starts[-1])
        for snapshot in (node.data / partition).glob("*.snapshot"):
            snapshot.unlink()
    for mark in (".kafka_cleanshutdown", "recovery-point-offset-checkpoint"):
        (node.data / mark).unlink(missing_ok=True)
