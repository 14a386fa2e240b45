"""Kafka's own programs for transactions: kafka-transactions prints the same against the node under test and against the oracle,
and TransactionalMessageCopier copies each record once, whatever happens to it."""

import random
import re
import subprocess
import time

from harness import hanging, kafka, kcat, processes, wire
from harness.checks import case, equal, true
from harness.clients import client
from harness.scenario import Transactor
from harness.side_by_side import SideBySide
from scenarios.transactions import ABORT, BEGIN, COMMIT, INIT

OVERRIDES = {**hanging.OVERRIDES, "group.initial.rebalance.delay.ms": 0}
TOPIC, PARTITIONS = "orders", 3
STRANGER = 1_000_000


def run(world):
    with world.Node(overrides=OVERRIDES) as node, world.Oracle(overrides=OVERRIDES) as oracle:
        both = Transactions(node, oracle)
        held = [there(one) for one in (node, oracle)]
        listed(both)
        described(both)
        ended_by_force(both, held)
        hangs(both)
        both.close()
    with world.Node(overrides={"group.initial.rebalance.delay.ms": 0}) as node:
        copied(world, node)


class Transactions(SideBySide):
    """Both nodes, asked by kafka-transactions."""

    def tell(self, *arguments):
        """Runs kafka-transactions against both, at a time when no marker is under way: they are written behind the answers."""
        listed = lambda one: self.output(one, "kafka-transactions", "list")  # noqa: E731
        settled = lambda: not any("Prepare" in listed(one) for one in (self.node, self.oracle))  # noqa: E731
        processes.wait_until(settled, 30, "no marker is under way")
        return self.same("kafka-transactions", *arguments, mask=timeless)


def timeless(text):
    """A table without times, and without the durations that follow them where it has such a column."""
    text = re.sub(r"\b\d{13}\b", "TIME", text)
    return re.sub(r"TIME\s+\d+", "TIME DURATION", text) if "Duration" in text else text


def there(node):
    """Transactions in every state that lasts; those that are open are kept open by what is returned."""
    wire.create_topic(node.port, TOPIC, PARTITIONS, {"retention.ms": -1})
    wire.create_topic(node.port, "other", 1, {})
    send = lambda *partitions: {"do": "send", "topic": TOPIC, "records": [{"partition": p, "value": "00"} for p in partitions]}  # noqa: E731
    offsets = {"do": "offsets", "group": "readers", "offsets": [[TOPIC, 1, 5]]}
    lives = {
        "fresh": (),
        "committed": (BEGIN, send(0), COMMIT),
        "aborted": (BEGIN, send(0, 1), ABORT),
        "again": (BEGIN, send(0), COMMIT, BEGIN, send(2), COMMIT),
        "open": (BEGIN, send(2)),
        "open-offsets": (BEGIN, offsets),
    }
    producers = {}
    for name, steps in lives.items():
        told = {"bootstrap": node.bootstrap, "id": name, "timeout_ms": 600_000}
        # Kafka's own client begins each transaction with a new epoch (KIP-890).
        library = "java" if name == "again" else "confluent-kafka"
        producers[name] = Transactor(client(library).start("transact", told))
        producers[name].do(INIT, *steps)
        if not name.startswith("open"):
            producers[name].leave()
    return producers


def listed(both):
    with case("kafka-transactions lists transactional ids: all, by duration, by pattern"):
        found = both.tell("list")
        equal(len(found.splitlines()), 1 + 6 + 1, f"lines with headers and exit code of {found}")
        for duration in (-1, 0, 3_600_000):
            both.tell("list", "--duration-filter", duration)
        for pattern in ("open", "open.*", "a.*", "nobody", ".*-.*", "("):
            both.tell("list", "--transactional-id-pattern", pattern)
        both.tell("list", "--transactional-id-pattern", "open.*", "--duration-filter", 0)


def described(both):
    with case("kafka-transactions describes transactional ids in every state, and one that is not there"):
        for name in ("fresh", "committed", "aborted", "again", "open", "open-offsets", "nobody"):
            both.tell("describe", "--transactional-id", name)
    with case("kafka-transactions describes the producers of partitions, and refuses what is not there"):
        for partition in range(PARTITIONS):
            both.tell("describe-producers", "--topic", TOPIC, "--partition", partition)
        both.tell("describe-producers", "--topic", TOPIC, "--partition", 2, "--broker-id", 1)
        both.tell("describe-producers", "--topic", "other", "--partition", 0)


def ended_by_force(both, held):
    with case("kafka-transactions ends an open transaction by force; its producer is told"):
        both.tell("forceTerminateTransaction", "--transactionalId", "open")
        both.tell("describe", "--transactional-id", "open")
        both.tell("describe-producers", "--topic", TOPIC, "--partition", 2)
        told = [producers["open"].attempt(COMMIT)[-1] for producers in held]
        true(all(isinstance(each, dict) for each in told), f"the producers are told: {told}")
        equal(told[0]["code"], told[1]["code"], f"how the producers are told: {told}")
    with case("kafka-transactions ends by force what has no open transaction, and what is not there"):
        for name in ("fresh", "committed", "nobody"):
            both.tell("forceTerminateTransaction", "--transactionalId", name)
        both.tell("list")
    with case("an open transaction of offsets is committed where nobody ended it"):
        for producers in held:
            producers["open-offsets"].do(COMMIT)
            producers["open-offsets"].leave()
            producers["open"].program.kill()
        both.tell("describe", "--transactional-id", "open-offsets")
        both.same("kafka-consumer-groups", "--describe", "--group", "readers", "--offsets")


def hangs(both):
    with case("kafka-transactions finds no transaction that hangs where none does"):
        both.tell("find-hanging", "--broker-id", 1)
        both.tell("find-hanging", "--topic", TOPIC)
        both.tell("find-hanging", "--topic", TOPIC, "--partition", 0)
        both.tell("find-hanging", "--partition", 0)
        both.tell("find-hanging")
    with case("kafka-transactions finds transactions that hang: of a broker, of a topic, of a partition"):
        begins = [hanging.hang(one, TOPIC, 1, STRANGER) for one in (both.node, both.oracle)]
        equal(begins[0], begins[1], "where the hanging transaction begins")
        for where in (("--broker-id", 1), ("--topic", TOPIC), ("--topic", TOPIC, "--partition", 1), ("--topic", "other")):
            found = both.tell("find-hanging", *where)
            true((str(STRANGER) in found) == ("other" not in where), f"the stranger is told of: {found}")
        both.tell("describe-producers", "--topic", TOPIC, "--partition", 1)
    with case("kafka-transactions aborts a transaction that hangs, and nothing else"):
        place = ("--topic", TOPIC, "--partition", 1)
        both.tell("abort", *place, "--start-offset", begins[0] + 1)
        both.tell("abort", *place)
        both.tell("abort", *place, "--producer-id", STRANGER)
        both.tell("abort", *place, "--start-offset", begins[0])
        both.tell("find-hanging", "--topic", TOPIC)
        both.tell("describe-producers", *place)
    with case("kafka-transactions aborts a transaction that hangs by the numbers of its producer"):
        begins = [hanging.hang(one, TOPIC, 0, STRANGER + 1) for one in (both.node, both.oracle)]
        place, producer = ("--topic", TOPIC, "--partition", 0), ("--producer-id", STRANGER + 1)
        both.tell("abort", *place, *producer, "--producer-epoch", 0, "--coordinator-epoch", 0)
        both.tell("describe-producers", *place)
        for one in (both.node, both.oracle):
            seen = kcat.consume(one, TOPIC, "-X", "isolation.level=read_committed", format="%p %o\\n")
            equal(sorted(seen), [b"0 0", b"0 4", b"2 0"], f"committed records of the {one.name}")


def copied(world, node):
    count = world.amount(10_000, 1_500)
    for partition in range(2):
        lines = [b"%d-%d" % (partition, number) for number in range(count)]
        for topic in ("input", "group-input"):
            if partition == 0:
                wire.create_topic(node.port, topic, 2, {})
                wire.create_topic(node.port, f"{topic}-copy", 2, {})
            kcat.produce(node, topic, lines, "-p", partition)
    sizes = ("--transaction-size", world.amount(100, 30))
    with case(f"TransactionalMessageCopier copies {2 * count} records once, with random aborts, killed again and again"):
        copiers = [Copier(node, "input", number, *sizes, "--input-partition", number) for number in range(2)]
        under_fire(node, copiers, world.amount(6, 2))
        exactly_once(node, "input-copy", count)
    with case("two of one group do so too, by the group's metadata, and their node is killed under them"):
        copiers = [Copier(node, "group-input", number, *sizes, "--input-partition", 0, "--group-mode", "--use-group-metadata")
                   for number in range(2)]
        under_fire(node, copiers, world.amount(4, 1), node_too=True)
        exactly_once(node, "group-input-copy", count)


class Copier:
    """A TransactionalMessageCopier that is started again where it was killed; its words go to a file."""

    def __init__(self, node, topic, number, *options):
        self.file = node.scratch / f"copier-{topic}-{number}"
        which = ("--broker-list", node.bootstrap, "--transactional-id", f"{topic}-{number}", "--consumer-group", f"{topic}-copiers")
        where = ("--input-topic", topic, "--output-topic", f"{topic}-copy", "--enable-random-aborts")
        self.command = kafka.java(kafka.TOOLS["kafka-transactional-message-copier"], *which, *where, *options)
        self.start()

    def start(self):
        with open(self.file, "wb") as output:
            self.process = processes.start(self.command, stdout=output, stderr=subprocess.STDOUT)

    def again(self):
        """kill -9, and another in its place."""
        processes.kill(self.process)
        self.start()

    def at_work(self):
        """Whether it has committed something since it was started, or is done."""
        told = self.file.read_text(errors="replace")
        return self.process.poll() is not None or re.search(r'"totalProcessed":[1-9]', told) is not None


def under_fire(node, copiers, kills, node_too=False):
    """Kills copiers while they work, and the node as well where it is asked for, and waits until they are done."""
    chance = random.Random(7)
    for kill in range(kills):
        victim = copiers[kill % len(copiers)]
        processes.wait_until(victim.at_work, 120, "the copier has committed something")
        time.sleep(chance.uniform(0, 0.3))
        victim.again()
        if node_too:
            node.kill()
            node.start()
    for copier in copiers:
        code = copier.process.wait(timeout=180)
        equal(code, 0, f"exit code of a copier that said {copier.file.read_text(errors='replace')[-1500:]}")
        processes.forget(copier.process)


def exactly_once(node, topic, count):
    for partition in range(2):
        seen = kcat.consume(node, topic, "-p", partition, "-X", "isolation.level=read_committed")
        equal(seen, [b"%d-%d" % (partition, number) for number in range(count)], f"committed records of {topic}-{partition}")
