"""`milena txn` against Apache Kafka and against Milena; kafka-transactions says what became of a change."""

from harness import kafka, kcat, wire
from harness.checks import case, equal, true
from harness.clients import client
from harness.hanging import hang
from harness.scenario import Transactor
from scenarios.transactions import ABORT, BEGIN, COMMIT, INIT
from suites.command_line_verbs import answer, refused, told

TOPIC, STRANGER = "written", 1_000_000


def run(node):
    wire.create_topic(node.port, TOPIC, 2, {"retention.ms": -1})
    opened = lives(node)
    listed(node)
    described(node)
    hangs(node)
    opened.do(COMMIT)
    opened.leave()


def lives(node):
    """Transactional ids with an end behind them, and one in a transaction, whose producer is returned."""
    send = {"do": "send", "topic": TOPIC, "records": [{"partition": partition, "value": "00"} for partition in (0, 1)]}
    for name, steps in (("aborted", (send, ABORT)), ("committed", (send, COMMIT)), ("open", (send,))):
        parameters = {"bootstrap": node.bootstrap, "id": name, "timeout_ms": 600_000}
        producer = Transactor(client("confluent-kafka").start("transact", parameters))
        producer.do(INIT, BEGIN, *steps)
        if name != "open":
            producer.leave()
    return producer


def theirs(node, *arguments):
    """The rows that kafka-transactions prints, by columns."""
    table = kafka.tool("kafka-transactions", "--bootstrap-server", node.bootstrap, *arguments)
    return [line.split() for line in table.splitlines()[1:]]


def listed(node):
    names = lambda *options: told(node, "txn", "list", *options, "-o", "name")  # noqa: E731
    with case(f"{node.name}: milena txn list tells what kafka-transactions tells"):
        found = {(each["name"], str(each["coordinator"]), str(each["producer_id"]), each["state"]) for each in answer(node, "txn", "list")}
        equal(found, set(map(tuple, theirs(node, "list"))), "transactional ids")
    with case(f"{node.name}: milena txn list picks by text, pattern, state, producer and age"):
        equal(names("mitt"), ["committed"], "ids with a text")
        equal(names("--pattern", "o.*n"), ["open"], "ids of a pattern")
        equal(names("--state", "Ongoing,CompleteAbort"), ["aborted", "open"], "ids by state")
        [producer] = [each["producer_id"] for each in answer(node, "txn", "list", "open")]
        equal(names("--producer", producer), ["open"], "ids by producer")
        equal((names("--longer-than", "0s", "--state", "Ongoing"), names("--longer-than", "1h")), (["open"], []), "ids by age")


def described(node):
    with case(f"{node.name}: milena txn describe tells what kafka-transactions tells, and the partitions"):
        [found] = answer(node, "txn", "describe", "open")
        [row] = theirs(node, "describe", "--transactional-id", "open")
        facts = [found[key] for key in ("coordinator", "name", "producer_id", "producer_epoch", "state", "timeout_ms", "started_at_ms")]
        equal(list(map(str, facts)), row[:7], "facts")
        places = [f"{each['topic']}-{each['partition']}" for each in found["partitions"]]
        equal(places, sorted(row[-1].split(",")), "partitions")
    with case(f"{node.name}: milena txn describe tells of several, and says which is not there"):
        states = [each["state"] for each in answer(node, "txn", "describe", "aborted", "committed")]
        equal(states, ["CompleteAbort", "CompleteCommit"], "states")
        refused(node, 3, "opem", "txn", "describe", "opem")


def hangs(node):
    find = lambda *options: answer(node, "txn", "find-hanging", *options)  # noqa: E731
    with case(f"{node.name}: milena txn find-hanging leaves out what a coordinator will end"):
        equal(find("--silent-for", "0s"), [], "transactions that hang")
        equal(find(TOPIC, "--silent-for", "0s"), [], "transactions that hang in the topic")
    with case(f"{node.name}: milena txn find-hanging finds what kafka-transactions finds"):
        begins = hang(node, TOPIC, 1, STRANGER)
        [found] = find()
        [row] = theirs(node, "find-hanging", "--broker-id", 1)
        facts = [found[key] for key in ("name", "producer_id", "epoch", "start_offset", "last_timestamp_ms")]
        equal([*map(str, facts)], [f"{row[0]}-{row[1]}", *row[2:4], *row[5:7]], "facts")
        equal((found["coordinator_epoch"], row[4]), (None, "-1"), "epoch of the coordinator, who never wrote there")
        equal(find(TOPIC), [found], "those of the topic")
    with case(f"{node.name}: milena txn abort aborts what begins there, and nothing else"):
        abort = ("txn", "abort", f"{TOPIC}-1", "--start-offset")
        refused(node, 3, "begins at", *abort, begins + 1)
        true("would be aborted" in told(node, *abort, begins, "--dry-run")[0], "a dry run says so")
        equal(len(find()), 1, "transactions that hang after a dry run")
        true("aborted" in told(node, *abort, begins)[0], "it says so")
        equal((find(), theirs(node, "find-hanging", "--broker-id", 1)), ([], []), "transactions that hang")
        committed = kcat.consume(node, TOPIC, "-p", 1, "-X", "isolation.level=read_committed", format="%o\\n")
        equal(committed, [b"2"], "committed records before the open transaction")
