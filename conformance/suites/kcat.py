"""kcat (librdkafka): what its users do, each option against a running node."""

import hashlib
import json
import os
import subprocess

from harness import kcat, processes
from harness.checks import case, digest, equal, true

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def run(world):
    with world.Node(overrides={"num.partitions": 3}) as node:
        metadata(node)
        codecs(world, node)
        keys_and_headers(node)
        acknowledgements(node)
        idempotence(node)
        reading_positions(node)
        offsets_by_timestamp(node)
        waiting_at_the_end(node)
        groups(node)
        bulk(world, node)
        refusals(node)


def metadata(node):
    with case("kcat -L lists the node as controller, and a topic that it creates"):
        kcat.produce(node, "listed", [b"x"])
        listed = json.loads(kcat.run(node, "-L", "-J"))
        equal([broker["name"] for broker in listed["brokers"]], [node.bootstrap], "brokers")
        equal(listed["controllerid"], listed["brokers"][0]["id"], "controller")
        topics = {topic["topic"]: topic for topic in listed["topics"]}
        equal(len(topics["listed"]["partitions"]), 3, "partitions of an automatically created topic")
        leaders = {partition["leader"] for partition in topics["listed"]["partitions"]}
        equal(leaders, {listed["controllerid"]}, "leaders")


def codecs(world, node):
    lines = [f"{number} {'payload ' * (number % 40)}".encode() for number in range(world.amount(5000, 500))]
    for codec in CODECS:
        with case(f"{codec}: what is sent is read back"):
            kcat.produce(node, f"codec-{codec}", lines, "-X", f"compression.codec={codec}")
            equal(digest(kcat.consume(node, f"codec-{codec}")), digest(lines), "digest of the records")
    with case("batches of all codecs stand side by side in one partition, in order"):
        for codec in CODECS:
            kcat.produce(node, "codecs", [f"{codec} {n}".encode() for n in range(100)], "-p", 0, "-z", codec)
        expected = [f"{codec} {n}".encode() for codec in CODECS for n in range(100)]
        equal(kcat.consume(node, "codecs", "-p", 0), expected, "records in order")


def keys_and_headers(node):
    with case("keys, null keys, null values and empty values come back as they were"):
        kcat.produce(node, "keys", [b"a=1", b"b=2", b"unkeyed"], "-p", 0, "-K", "=")
        kcat.produce(node, "keys", [b"c="], "-p", 0, "-K", "=", "-Z")
        found = kcat.consume(node, "keys", "-p", 0, format="%K %k %S %s\\n")
        equal(found, [b"1 a 1 1", b"1 b 1 2", b"-1  7 unkeyed", b"1 c -1 "], "key length, key, value length, value")
    with case("one key always goes to one partition"):
        kcat.produce(node, "keyed", [f"{n % 7}\t{n}".encode() for n in range(700)], "-K", "\t")
        places = set(kcat.consume(node, "keyed", format="%k %p\\n"))
        equal(len(places), 7, "pairs of key and partition")
    with case("headers come back in order, with doubled names"):
        kcat.produce(node, "headers", [b"v"], "-p", 0, "-H", "a=1", "-H", "b=", "-H", "a=2")
        equal(kcat.consume(node, "headers", "-p", 0, format="%h\\n"), [b"a=1,b=,a=2"], "headers")


def acknowledgements(node):
    for acks in ("0", "1", "all"):
        with case(f"acks={acks}: every record arrives, in order"):
            lines = [str(number).encode() for number in range(2000)]
            kcat.produce(node, f"acks-{acks}", lines, "-p", 0, "-X", f"acks={acks}")
            # acks=0 promises nothing about when: the records are on their way when kcat ends.
            wanted = lambda: len(kcat.consume(node, f"acks-{acks}", "-p", 0)) == len(lines)  # noqa: E731
            processes.wait_until(wanted, 20, "all records readable")
            equal(kcat.consume(node, f"acks-{acks}", "-p", 0), lines, "records in order")


def idempotence(node):
    with case("an idempotent producer delivers in order, twice over"):
        lines = [str(number).encode() for number in range(3000)]
        for _ in range(2):
            kcat.produce(node, "idempotent", lines, "-p", 0, "-X", "enable.idempotence=true", "-X", "batch.num.messages=50")
        equal(kcat.consume(node, "idempotent", "-p", 0), lines + lines, "records in order")


def reading_positions(node):
    lines = [str(number).encode() for number in range(100)]
    with case("reading starts where it is told: beginning, end, an offset, a count from the end"):
        kcat.produce(node, "positions", lines, "-p", 0, "-X", "batch.num.messages=10")
        read = lambda start, *more: kcat.consume(node, "positions", "-p", 0, "-o", start, *more)  # noqa: E731
        equal(read("beginning"), lines, "from the beginning")
        equal(read("end"), [], "from the end")
        equal(read("37"), lines[37:], "from an offset inside a batch")
        equal(read("-5"), lines[-5:], "the last five")
        equal(read("10", "-c", "3"), lines[10:13], "three from offset 10")
    with case("every record has the next offset"):
        found = kcat.consume(node, "positions", "-p", 0, format="%o\\n")
        equal(found, lines, "offsets")
    with case("an offset out of range falls back to the reset policy"):
        policy = ("-X", "topic.auto.offset.reset=earliest")
        equal(kcat.consume(node, "positions", "-p", 0, "-o", "5000", *policy), lines, "from the beginning")


def offsets_by_timestamp(node):
    with case("offsets by timestamp: a record's own time, the beginning, past the end"):
        kcat.produce(node, "times", [b"first", b"second"], "-p", 0)
        stamps = [int(stamp) for stamp in kcat.consume(node, "times", "-p", 0, format="%T\\n")]
        # A second batch with a later time: time passes on the node's clock between two runs of kcat.
        kcat.produce(node, "times", [b"third"], "-p", 0)
        stamps.append(int(kcat.consume(node, "times", "-p", 0, "-o", "2", format="%T\\n")[0]))
        true(stamps[2] > stamps[1], f"the third record is later: {stamps}")
        query = lambda time: int(kcat.run(node, "-Q", "-t", f"times:0:{time}").split()[-1])  # noqa: E731
        equal([query(stamps[0]), query(stamps[1] + 1), query(stamps[2])], [0, 2, 2], "offsets at times")
        equal([query(-2), query(-1), query(stamps[2] + 1)], [0, 3, -1], "earliest, latest, after all")
        equal(kcat.consume(node, "times", "-p", 0, "-o", f"s@{stamps[2]}"), [b"third"], "read from a time")


def waiting_at_the_end(node):
    with case("a consumer that waits at the end gets the next record at once"):
        kcat.produce(node, "waiting", [b"before"], "-p", 0)
        options = ("-C", "-q", "-u", "-t", "waiting", "-p", 0, "-o", "beginning", "-c", 2)
        consumer = kcat.start(node, *options, stdout=subprocess.PIPE)
        equal(consumer.stdout.readline(), b"before\n", "the record that was there")
        kcat.produce(node, "waiting", [b"after"], "-p", 0)
        rest, _ = consumer.communicate(timeout=10)
        equal(rest, b"after\n", "the record that came while it waited")


def groups(node):
    with case("kcat -G goes on where its group stopped: every record once"):
        lines = [str(number).encode() for number in range(60)]
        kcat.produce(node, "grouped", lines, "-X", "batch.num.messages=7")
        read = member(node, 25) + member(node, 35)
        equal(sorted(read), sorted(lines), "records of two runs")
        kcat.produce(node, "grouped", [b"more 1", b"more 2"])
        equal(sorted(member(node, 2)), [b"more 1", b"more 2"], "records of the next run")


def member(node, count):
    """Reads so many records as the only member of a group."""
    options = ("-X", "auto.offset.reset=earliest", "-q", "-c", count, "-f", "%s\\n", "-G", "readers", "grouped")
    return kcat.run(node, *options).splitlines()


def bulk(world, node):
    megabytes = world.amount(64, 8)
    with case(f"{megabytes} MB of random bytes in hex come back with one digest"):
        lines = [hashlib.sha512(os.urandom(16)).hexdigest().encode() * 8 for _ in range(megabytes * 1024)]
        kcat.produce(node, "bulk", lines, "-X", "compression.codec=lz4", "-X", "linger.ms=20")
        equal(digest(kcat.consume(node, "bulk")), digest(lines), "digest of the records")


def refusals(node):
    with case("a record larger than max.message.bytes is refused, and the connection lives on"):
        large = b"x" * 1_500_000
        command = ["kcat", "-b", node.bootstrap, "-P", "-t", "refused", "-p", "0", "-X", "message.max.bytes=3000000"]
        done = processes.finish(command, stdin=large + b"\n", seconds=30)
        true(b"Message size too large" in done.stderr, f"kcat says why: {done.stderr[-300:]!r}")
        kcat.produce(node, "refused", [b"small"], "-p", 0)
        equal(kcat.consume(node, "refused", "-p", 0), [b"small"], "records")
    with case("a topic name that is not legal is refused"):
        done = processes.finish(["kcat", "-b", node.bootstrap, "-L", "-t", "not/legal"], seconds=30)
        true(b"Invalid topic" in done.stdout + done.stderr, f"kcat says why: {done.stdout[-300:]!r}")
