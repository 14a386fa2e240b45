"""Apache Kafka's own command line tools: the same commands against the node under test and against the oracle.

What they print has to be the same once ids, times and ports are masked. Where the node under test is the oracle, the
suite compares the oracle with itself.
"""

import json
import re
from concurrent.futures import ThreadPoolExecutor

from harness import kafka, kcat, processes
from harness.checks import case, digest, equal, true
from harness.side_by_side import masked

LINES = [f"{number % 5}:{number}".encode() for number in range(300)]
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def run(world):
    with world.Node() as node, world.Oracle() as oracle:
        both = Pair(node, oracle)
        topics(both)
        consoles(both)
        console_group(both)
        offsets(both)
        records_deleted(both)
        configs(both)
        performance(node)
        refusals(both)
        rolled_segments(node)
        topics_deleted(both)
        node.stop()
        dumps(node)


class Pair:
    """A node under test and the oracle, given the same commands."""

    def __init__(self, node, oracle):
        self.node, self.oracle = node, oracle

    def same(self, tool, *arguments, stdin=None):
        """Runs a tool against both, compares what it prints and returns it (masked)."""
        ask = lambda node: output(node, tool, *arguments, stdin=stdin)  # noqa: E731
        with ThreadPoolExecutor(2) as side_by_side:
            found, expected = side_by_side.map(ask, (self.node, self.oracle))
        equal(found, expected, f"what {tool} {' '.join(arguments)} prints")
        return found

    def both_refuse(self, tool, *arguments):
        """Runs a tool that must fail against both: with the same exit code and errors, in whatever words."""
        found, expected = (output(node, tool, *arguments, mask=errors) for node in (self.node, self.oracle))
        equal(found, expected, f"how {tool} {' '.join(arguments)} fails")
        true(not found.endswith("exit 0"), f"{tool} {' '.join(arguments)} fails")


def output(node, tool, *arguments, stdin=None, mask=None):
    """Exit code and masked standard output and errors of a tool."""
    server = ["--bootstrap-server", node.bootstrap]
    done = processes.finish(kafka.java(kafka.TOOLS[tool], *server, *arguments), stdin=stdin, seconds=60)
    text = f"{done.stdout.decode()}{done.stderr.decode()}exit {done.returncode}"
    return (mask or masked)(text, node)


def errors(text, _):
    """The names of the exceptions in a text, and its last line."""
    names = sorted(set(re.findall(r"org\.apache\.kafka\.common\.errors\.(\w+)", text)))
    return f"{' '.join(names)} {text.splitlines()[-1]}"


def topics(both):
    with case("kafka-topics creates topics, with partitions, assignment and settings"):
        both.same("kafka-topics", "--create", "--topic", "first", "--partitions", "3")
        both.same("kafka-topics", "--create", "--topic", "by-default")
        placed = ("--topic", "placed", "--replica-assignment", "1,1", "--config", "segment.bytes=1048576")
        both.same("kafka-topics", "--create", *placed)
    with case("kafka-topics lists and describes them"):
        true("first" in both.same("kafka-topics", "--list"), "the list names the topic")
        both.same("kafka-topics", "--describe", "--topic", "first")
        both.same("kafka-topics", "--describe", "--topic", "placed")
        both.same("kafka-topics", "--describe", "--under-replicated-partitions")
    with case("kafka-topics adds partitions"):
        both.same("kafka-topics", "--alter", "--topic", "first", "--partitions", "5")
        both.same("kafka-topics", "--describe", "--topic", "first")


def consoles(both):
    with case("console producer with keys, console consumer by partition: the same records in the same partitions"):
        text = b"".join(line + b"\n" for line in LINES)
        keyed = ("--reader-property", "parse.key=true", "--reader-property", "key.separator=:")
        both.same("kafka-console-producer", "--topic", "first", *keyed, stdin=text)
        shown = ("print.key=true", "print.offset=true", "print.partition=true")
        shown = tuple(word for field in shown for word in ("--formatter-property", field))
        read = []
        for partition, count in end_offsets(both.node, "first").items():
            if count:
                limits = ("--partition", str(partition), "--offset", "earliest", "--max-messages", str(count))
                read += both.same("kafka-console-consumer", "--topic", "first", *limits, *shown).splitlines()
        records = [":".join(line.split("\t")[2:]).encode() for line in read if line.startswith("Partition:")]
        equal(digest(records), digest(LINES), f"digest of {len(records)} records")
    for codec in CODECS:
        with case(f"console producer with {codec}: the console consumer reads it back"):
            sent = [f"{codec} {number}" for number in range(50)]
            packed = ("--topic", "by-default", "--compression-codec", codec)
            before = end_offsets(both.node, "by-default")[0]
            both.same("kafka-console-producer", *packed, stdin="".join(f"{line}\n" for line in sent).encode())
            limits = ("--partition", "0", "--offset", str(before), "--max-messages", "50")
            read = both.same("kafka-console-consumer", "--topic", "by-default", *limits)
            equal([line for line in read.splitlines() if line.startswith(codec)], sent, "records")


def console_group(both):
    with case("console consumer with --group goes on where its group stopped"):
        sent = [f"{codec} {number}" for codec in CODECS for number in range(50)]
        grouped = ("--topic", "by-default", "--group", "readers")
        read = both.same("kafka-console-consumer", *grouped, "--from-beginning", "--max-messages", "70").splitlines()
        read += both.same("kafka-console-consumer", *grouped, "--max-messages", "180").splitlines()
        equal([line for line in read if line.split(" ")[0] in CODECS], sent, "records of two runs")
        both.same("kafka-consumer-groups", "--describe", "--group", "readers")
        both.same("kafka-consumer-groups", "--describe", "--group", "readers", "--state")


def end_offsets(node, topic, time="-1"):
    """End offset by partition (or the one at another time), as kafka-get-offsets tells it."""
    command = ("kafka-get-offsets", "--bootstrap-server", node.bootstrap, "--topic", topic, "--time", time)
    lines = kafka.tool(*command).splitlines()
    return {int(partition): int(offset) for _, partition, offset in (line.rsplit(":", 2) for line in lines)}


def offsets(both):
    with case("kafka-get-offsets: latest, earliest, largest timestamp, by time, by partition"):
        both.same("kafka-get-offsets", "--topic", "first")
        for time in ("-1", "-2", "0", "99999999999999"):
            both.same("kafka-get-offsets", "--topic", "by-default", "--time", time)
        both.same("kafka-get-offsets", "--topic-partitions", "first:0,first:2-4")
    with case("kafka-get-offsets finds the first record of the largest timestamp"):
        stamped = [line.split() for line in kcat.consume(both.node, "by-default", format="%T %o\\n")]
        largest = max(int(stamp) for stamp, _ in stamped)
        first = next(offset.decode() for stamp, offset in stamped if int(stamp) == largest)
        equal(output(both.node, "kafka-get-offsets", "--topic", "by-default", "--time", "-3").splitlines()[0],
              f"by-default:0:{first}", "offset of the largest timestamp")


def records_deleted(both):
    with case("kafka-delete-records moves the log start"):
        for node in (both.node, both.oracle):
            wanted = {"partitions": [{"topic": "by-default", "partition": 0, "offset": 120}], "version": 1}
            (node.scratch / "delete.json").write_text(json.dumps(wanted))
            text = output(node, "kafka-delete-records", "--offset-json-file", str(node.scratch / "delete.json"))
            true("low_watermark: 120" in text, f"kafka-delete-records against the {node.name}: {text}")
        both.same("kafka-get-offsets", "--topic", "by-default", "--time", "-2")
        limits = ("--partition", "0", "--offset", "earliest", "--max-messages", "5")
        both.same("kafka-console-consumer", "--topic", "by-default", *limits)


def configs(both):
    with case("kafka-configs describes a topic's settings, set and default"):
        topic = ("--entity-type", "topics", "--entity-name", "placed")
        both.same("kafka-configs", "--describe", *topic)
        both.same("kafka-configs", "--describe", "--all", *topic)
    with case("kafka-configs sets and removes settings, and refuses what is not legal"):
        both.same("kafka-configs", "--alter", *topic, "--add-config", "retention.ms=1234567,max.message.bytes=2000000")
        both.same("kafka-configs", "--describe", *topic)
        both.same("kafka-configs", "--alter", *topic, "--delete-config", "retention.ms,segment.bytes")
        both.same("kafka-configs", "--describe", *topic)
        both.both_refuse("kafka-configs", "--alter", *topic, "--add-config", "retention.ms=soon")
        both.both_refuse("kafka-configs", "--alter", *topic, "--add-config", "no.such.key=1")


def performance(node):
    with case("kafka-producer-perf-test sends 20,000 records"):
        load = ("--topic", "performance", "--num-records", 20_000, "--record-size", 100, "--throughput", -1)
        text = kafka.tool("kafka-producer-perf-test", "--bootstrap-server", node.bootstrap, *load)
        true("20000 records sent" in text, f"what it printed: {text[-300:]}")
        equal(sum(end_offsets(node, "performance").values()), 20_000, "records in the log")


def refusals(both):
    with case("kafka-topics is told why a request is refused"):
        both.both_refuse("kafka-topics", "--create", "--topic", "first")
        both.same("kafka-topics", "--create", "--topic", "one.two")
        both.both_refuse("kafka-topics", "--create", "--topic", "one_two")
        both.both_refuse("kafka-topics", "--create", "--topic", "too-many", "--replication-factor", "2")
        both.both_refuse("kafka-topics", "--create", "--topic", "no/name")
        both.both_refuse("kafka-topics", "--create", "--topic", "unset", "--config", "segment.bytes=none")
        both.both_refuse("kafka-topics", "--alter", "--topic", "first", "--partitions", "2")
        both.both_refuse("kafka-topics", "--describe", "--topic", "absent")
        both.both_refuse("kafka-topics", "--delete", "--topic", "absent")


def rolled_segments(node):
    with case("a topic with small segments takes records that fill several"):
        server = ("--bootstrap-server", node.bootstrap)
        settings = ("--config", "segment.bytes=1048576", "--config", "index.interval.bytes=512")
        kafka.tool("kafka-topics", *server, "--create", "--topic", "rolled", *settings)
        load = ("--topic", "rolled", "--num-records", 20_000, "--record-size", 200, "--throughput", -1)
        kafka.tool("kafka-producer-perf-test", *server, *load, "--command-property", "batch.size=4000")
        true(len(list((node.data / "rolled-0").glob("*.log"))) >= 4, "several segments")


def topics_deleted(both):
    with case("kafka-topics deletes a topic, and it may be made anew"):
        both.same("kafka-topics", "--delete", "--topic", "first")
        both.same("kafka-topics", "--describe", "--topic", "first")
        both.same("kafka-topics", "--create", "--topic", "first")
        both.same("kafka-get-offsets", "--topic", "first")


def dumps(node):
    for topic, records in (("by-default", 250), ("rolled", 20_000), ("performance", 20_000)):
        with case(f"kafka-dump-log accepts every file of {topic} and counts its records"):
            logs = sorted((node.data / f"{topic}-0").glob("*.log"))
            text = dump("--deep-iteration", "--print-data-log", "--files", ",".join(map(str, logs)))
            found = sum(1 for line in text.splitlines() if line.startswith("| offset:"))
            equal(found, records, "records in the dump")
            clean(text)
    with case("kafka-dump-log finds every index sane and true to its log"):
        directory = node.data / "rolled-0"
        indexes = ",".join(map(str, sorted([*directory.glob("*.index"), *directory.glob("*.timeindex")])))
        sane = dump("--index-sanity-check", "--files", indexes)
        equal(sane.count("passed sanity check."), indexes.count(",") + 1, f"sane files in {sane[-500:]}")
        clean(dump("--verify-index-only", "--files", indexes))
    with case("kafka-dump-log reads the metadata log"):
        log = node.data / "__cluster_metadata-0/00000000000000000000.log"
        text = dump("--cluster-metadata-decoder", "--files", log)
        for kind in ("TOPIC_RECORD", "PARTITION_RECORD", "CONFIG_RECORD", "REGISTER_BROKER_RECORD", "FEATURE_LEVEL_RECORD"):
            true(f'"type":"{kind}"' in text, f"the metadata log holds a {kind}")
        clean(text)


def dump(*arguments):
    return kafka.tool("kafka-dump-log", *arguments)


def clean(text):
    """Fails when the dump tool complains of anything."""
    complaints = r"(?i)mismatch|corrupt|out of order|non-consecutive|invalid|not found|error"
    found = [line for line in text.splitlines() if not line.startswith("|") and re.search(complaints, line)]
    found = [line for line in found if "isvalid: true" not in line.lower()]
    equal(found, [], "complaints of the dump tool")
