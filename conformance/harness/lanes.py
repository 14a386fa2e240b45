"""Pipelines at work: programs that copy a topic in transactions (clients/README.md, pipeline), and what has to come of it."""

import collections

from harness import kcat
from harness.checks import Mismatch, equal, true
from harness.clients import CLIENTS, Python

# librdkafka 2.16.0 does not find its broker again when a Metadata answer without brokers reached it, as every broker gives
# them while it starts: its transactional producers then wait for ever, with Apache Kafka as with Milena.
LIBRARIES = {
    "java": next(client for client in CLIENTS if client.name == "java"),
    "confluent-kafka": Python("confluent-kafka", "2.14.2", requirements="requirements-pipeline"),
}
INSTANCES = 2
ABORT_EVERY = 5
RECORDS = 40
SESSION_MS, HEARTBEAT_MS, TIMEOUT_MS = 10_000, 1000, 15_000


class Lane:
    """Some instances of one library in one process: a group that reads the input, and an output of their own."""

    def __init__(self, node, library, strategy, source, partitions):
        self.node, self.partitions, self.source = node, partitions, source
        self.name = f"{library}-{strategy}"
        self.group, self.output = f"group-{self.name}", f"output-{self.name}"
        self.client = LIBRARIES[library]
        self.strategy = strategy
        self.programs = []
        self.start()

    def start(self):
        told = {
            "bootstrap": self.node.bootstrap, "transactional_id": self.name, "instances": INSTANCES, "group": self.group,
            "strategy": self.strategy, "input": self.source, "output": self.output, "partitions": self.partitions,
            "records": RECORDS, "abort_every": ABORT_EVERY, "timeout_ms": TIMEOUT_MS, "session_ms": SESSION_MS,
            "heartbeat_ms": HEARTBEAT_MS,
        }
        self.programs.append(self.client.start("pipeline", told))

    @property
    def program(self):
        return self.programs[-1]

    def ready(self):
        """Whether every instance that runs has its producer."""
        true(self.program.process.poll() is None, f"{self.name} lives: {self.program.last_words()}")
        return len({report["instance"] for report in self.program.reports if "made" in report}) == INSTANCES

    def killed(self):
        """Ends the process as kill -9 does, in the middle of whatever it did, and starts it again."""
        self.program.kill()
        self.start()

    def leave(self):
        self.program.tell("leave")
        self.program.finish(60)

    def close(self):
        self.program.kill()

    def troubles(self):
        """How many errors the library reported, and how many producers it took."""
        reports = [report for program in self.programs for report in program.reports]
        return sum("error" in report for report in reports), sum("made" in report for report in reports)

    def written(self, isolation):
        """The records of the output as a reader sees them: transaction, index, size, word, partition, offset, number."""
        lines = kcat.consume(self.node, self.output, "-X", f"isolation.level={isolation}")
        return [tuple(line.decode().split()) for line in lines]

    def exactly_once(self, source):
        """Fails unless each record of the input, as partition, offset and number, is there once for who reads committed."""
        found = collections.Counter(record[4:] for record in self.written("read_committed"))
        missing = sorted(set(source) - set(found))
        equal(missing[:5], [], f"{len(missing)} records of the input that are not in the output (partition, offset, number)")
        twice = sorted(place for place, times in found.items() if times > 1)
        equal(twice[:5], [], f"{len(twice)} records that are there more than once")
        made_up = sorted(set(found) - set(source))
        equal(made_up[:5], [], f"{len(made_up)} records that were never in the input")

    def whole(self):
        """Fails where a transaction is seen in part, or one that was aborted is seen at all; returns how many there are."""
        transactions = collections.defaultdict(list)
        sizes = {}
        for name, index, size, word, *_ in self.written("read_committed"):
            transactions[name].append(int(index))
            sizes[name] = int(size)
            if word != "meant":
                raise Mismatch(f"{self.output}: a record of transaction {name}, which was aborted, is seen")
        torn = [(name, sizes[name], sorted(seen)) for name, seen in transactions.items() if sorted(seen) != list(range(sizes[name]))]
        equal(torn[:5], [], f"{len(torn)} transactions that are seen in part (name, size, indexes seen)")
        doomed = {name for name, _, _, word, *_ in self.written("read_uncommitted") if word == "doomed"}
        true(doomed, "some transactions were aborted after their records were written")
        return len(transactions), len(doomed)
