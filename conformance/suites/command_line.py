"""`milena produce`, `milena consume` and every other verb against Apache Kafka, and against Milena, with kcat and Kafka's
tools on the other side."""

import json
import subprocess

from harness import brokers, hanging, kcat, processes
from harness.checks import case, digest, equal, true
from suites import command_line_transactions, command_line_verbs

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
LINES = [f"{number % 7}\t{number} {'payload ' * (number % 30)}".encode() for number in range(3000)]


def run(world):
    for Node in dict.fromkeys((world.Node, world.Oracle)):
        with Node(overrides={"num.partitions": 3, **hanging.OVERRIDES}) as node:
            produced_for_kcat(node)
            consumed_from_kcat(node)
            same_partitions(node)
            positions(node)
            refusals(node)
            command_line_verbs.run(node)
            command_line_transactions.run(node)


def produced_for_kcat(node):
    for codec in CODECS:
        with case(f"{node.name}: kcat reads what milena produce sent with {codec}"):
            milena(node, "produce", f"ours-{codec}", "-K", "\\t", "-z", codec, stdin=LINES)
            equal(digest(kcat.consume(node, f"ours-{codec}", format="%k\\t%s\\n")), digest(LINES), "digest of the records")
    with case(f"{node.name}: lines without a key have none"):
        milena(node, "produce", "unkeyed", "-K", "=", "--partition", 0, stdin=[b"a=1", b"2"])
        equal(kcat.consume(node, "unkeyed", format="%K %k %s\\n"), [b"1 a 1", b"-1  2"], "records")
    with case(f"{node.name}: headers, null, timestamps and acks of milena produce arrive"):
        for acks in ("0", "1", "all"):
            milena(node, "produce", f"said-{acks}", "-K", "=", "-Z", "-H", "a=1", "-H", "b=2", "--timestamp", 1000, "--acks", acks, stdin=[b"k=v", b"gone="])
            said = kcat.consume(node, f"said-{acks}", "-c", "2", format="%k %S %T %h\\n")
            equal(sorted(said), [b"gone -1 1000 a=1,b=2", b"k 1 1000 a=1,b=2"], f"records with acks={acks}")


def consumed_from_kcat(node):
    with case(f"{node.name}: milena consume --json tells what kcat sent"):
        kcat.produce(node, "told", [b"k=v"], "-K", "=", "-H", "h=x", "-p", "0")
        [told] = map(json.loads, milena(node, "consume", "told", "--from-beginning", "--exit-at-end", "--json"))
        equal([told["key"], told["value"], told["headers"]], ["k", "v", [{"key": "h", "value": "x"}]], "record")
    with case(f"{node.name}: milena consume and kcat go on in one group where the other was"):
        kcat.produce(node, "shared", [b"%d" % number for number in range(10)], "-p", "0")
        first = milena(node, "consume", "shared", "--group", "both", "--from-beginning", "--count", 4)
        rest = kcat.run(node, "-G", "both", "-X", "auto.offset.reset=earliest", "-c", "3", "-q", "-f", "%s\\n", "shared").split()
        last = milena(node, "consume", "shared", "--group", "both", "--exit-at-end")
        equal(first + rest + last, [b"%d" % number for number in range(10)], "records, each once")
    for codec in CODECS:
        with case(f"{node.name}: milena consume reads what kcat sent with {codec}"):
            kcat.produce(node, f"theirs-{codec}", LINES, "-K", "\t", "-z", codec)
            read = milena(node, "consume", f"theirs-{codec}", "--from-beginning", "--exit-at-end", "--print-key")
            equal(digest(read), digest(LINES), "digest of the records")


def same_partitions(node):
    with case(f"{node.name}: milena produce puts a key where Kafka's Java client puts it"):
        lines = [b"%d\tx" % number for number in range(200)]
        milena(node, "produce", "placed-by-us", "-K", "\\t", stdin=lines)
        kcat.produce(node, "placed-by-kcat", lines, "-K", "\t", "-X", "topic.partitioner=murmur2_random")
        ours, theirs = (sorted(kcat.consume(node, f"placed-by-{who}", format="%k %p\\n")) for who in ("us", "kcat"))
        equal(ours, theirs, "keys and their partitions")


def positions(node):
    with case(f"{node.name}: milena consume begins where it is told, and waits for what comes"):
        kcat.produce(node, "positions", [b"%d" % number for number in range(10)], "-p", 0)
        at = lambda *options: milena(node, "consume", "positions", "--partition", 0, *options)  # noqa: E731
        equal(at("--offset", 7, "--exit-at-end"), [b"7", b"8", b"9"], "from offset 7")
        equal(at("--from-beginning", "--count", 2), [b"0", b"1"], "the first two")
        command = [brokers.Milena.binary(), "consume", "positions", "-b", node.bootstrap, "--partition", "0", "-o", "9", "-c", "2"]
        waiting = processes.start(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        equal(waiting.stdout.readline(), b"9\n", "the last record")
        kcat.produce(node, "positions", [b"10"], "-p", 0)
        equal(waiting.communicate(timeout=20)[0], b"10\n", "the record that came")


def refusals(node):
    with case(f"{node.name}: what cannot be done is an error with a reason"):
        refused = [brokers.Milena.binary(), "produce", "not/legal", "-b", node.bootstrap]
        done = processes.finish(refused, stdin=b"x\n", seconds=90)
        true(done.returncode != 0 and b"not/legal" in done.stderr, f"exit {done.returncode}: {done.stderr[-300:]!r}")


def milena(node, verb, topic, *options, stdin=()):
    """Runs a verb of the binary and returns the lines that it prints."""
    command = [brokers.Milena.binary(), verb, topic, "--bootstrap-server", node.bootstrap, *map(str, options)]
    return processes.run(command, stdin=b"".join(line + b"\n" for line in stdin), seconds=120).splitlines()
