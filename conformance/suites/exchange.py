"""One data directory, two programs: what the node under test wrote is served by Apache Kafka, and the other way round.

Each way after a clean stop and after kill -9. Records are compared by partition and offset, settings and offsets by
what Kafka's tools tell; then the second program appends, and the first reads that too.
"""

import json

from harness import kafka, kcat, processes
from harness.checks import case, digest, equal, true

PARTITIONS = 4
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def run(world):
    for ending in ("a clean stop", "kill -9"):
        handed_over(world, world.Node, world.Oracle, ending)
        if world.target != "oracle":
            handed_over(world, world.Oracle, world.Node, ending)
    two_directories(world.Node, world.Oracle)
    if world.target != "oracle":
        two_directories(world.Oracle, world.Node)


def handed_over(world, First, Second, ending):
    """First writes a directory and ends; Second serves it and appends; First takes it back."""
    title = f"from {First.name} to {Second.name} after {ending}"
    with First() as first:
        with case(f"{title}: {First.name} writes the directory"):
            write(world, first)
            left = state(first)
            end(first, ending)
        with Second(data=first.data) as second:
            with case(f"{title}: {Second.name} serves the same records, offsets and settings"):
                same_state(state(second), left)
            with case(f"{title}: {Second.name} appends, and creates and alters topics"):
                append(second, "second")
                kcat.produce(second, "made-by-second", [b"x"], "-p", 0)
                left = state(second)
                end(second, ending)
        with case(f"{title}: {First.name} takes the directory back with what was added"):
            first.start()
            same_state(state(first), left)
            append(first, "first again")
            equal(kcat.consume(first, "made-by-second"), [b"x"], "the topic that the other one made")
            first.stop()


def two_directories(First, Second):
    """Which directory a replica lies in stands in the metadata log (KIP-858); who takes it over has nothing to add."""
    title = f"two directories from {First.name} to {Second.name}"
    first = First()
    first.overrides["log.dirs"] = f"{first.data},{first.scratch / 'more'}"
    with first:
        with case(f"{title}: {First.name} notes where each replica lies"):
            left = placed(first, "spread")
            true(len(set(left.values())) == 2, f"both directories are used: {left}")
            kcat.produce(first, "spread", [b"x"], "-p", 0)
            first.stop()
        with Second(data=first.data, overrides=first.overrides) as second:
            with case(f"{title}: {Second.name} finds each replica where it was noted"):
                equal(kcat.consume(second, "spread"), [b"x"], "records")
                both = placed(second, "spread-more")
                equal({replica: both[replica] for replica in left}, left, "directories by replica")
                second.stop()


def placed(node, topic):
    """Makes a topic, waits until the metadata log says where each replica lies, and returns that by replica."""
    server = ("--bootstrap-server", node.bootstrap)
    kafka.tool("kafka-topics", *server, "--create", "--topic", topic, "--partitions", PARTITIONS)
    unassigned = "AAAAAAAAAAAAAAAAAAAAAQ"
    told = lambda: PARTITIONS <= len(noted(node)) and unassigned not in noted(node).values()  # noqa: E731
    processes.wait_until(told, 60, "directories of all replicas", alive=node.process)
    return noted(node)


def noted(node):
    """The directory of each replica, by topic id and partition, as the metadata log has it."""
    log = node.data / "__cluster_metadata-0/00000000000000000000.log"
    found = {}
    for line in kafka.tool("kafka-dump-log", "--cluster-metadata-decoder", "--files", log).splitlines():
        record = json.loads(line.partition(" payload: ")[2] or "{}")
        if record.get("type") in ("PARTITION_RECORD", "PARTITION_CHANGE_RECORD") and record["data"].get("directories"):
            (directory,) = record["data"]["directories"]
            found[record["data"]["topicId"], record["data"]["partitionId"]] = directory
    return found


def end(node, ending):
    node.kill() if ending == "kill -9" else node.stop()


def write(world, node):
    """Topics with keys, headers, all codecs, idempotent sequences, small segments, a moved log start, a deletion."""
    server = ("--bootstrap-server", node.bootstrap)
    settings = ("--config", "segment.bytes=1048576", "--config", "retention.ms=-1")
    kafka.tool("kafka-topics", *server, "--create", "--topic", "handed", "--partitions", PARTITIONS, *settings)
    kafka.tool("kafka-topics", *server, "--create", "--topic", "gone")
    count = world.amount(20_000, 2_000)
    for codec in CODECS:
        lines = [f"{number % 97}\t{codec} {number} {'payload ' * (number % 20)}".encode() for number in range(count)]
        idempotent = ("-X", f"enable.idempotence={str(codec != 'none').lower()}", "-X", "linger.ms=5")
        kcat.produce(node, "handed", lines, "-K", "\t", "-H", f"codec={codec}", "-z", codec, *idempotent)
    wanted = {"partitions": [{"topic": "handed", "partition": 1, "offset": 50}], "version": 1}
    if node.name == "oracle":
        transactions(node)
    (node.scratch / "delete.json").write_text(json.dumps(wanted))
    kafka.tool("kafka-delete-records", *server, "--offset-json-file", node.scratch / "delete.json")
    kafka.tool("kafka-topics", *server, "--delete", "--topic", "gone")


def transactions(node):
    """Committed and aborted transactions, which only Apache Kafka can write so far; readers of both kinds look at them."""
    classes = kafka.compiled("TransactionWriter")
    written = (node.bootstrap, "handed", PARTITIONS, 12, 40)
    processes.run(kafka.java("TransactionWriter", *written, classes=classes), seconds=60)
    read = kcat.consume(node, "handed")
    true(any(line.startswith(b"committed 11") for line in read), "committed records are read")
    true(not any(line.startswith(b"aborted") for line in read), "aborted records are not read")


def append(node, word):
    """More records on top, and one more setting."""
    lines = [f"{number % 97}\t{word} {number}".encode() for number in range(500)]
    kcat.produce(node, "handed", lines, "-K", "\t", "-X", "enable.idempotence=true")
    server = ("--bootstrap-server", node.bootstrap)
    target = ("--entity-type", "topics", "--entity-name", "handed")
    kafka.tool("kafka-configs", *server, "--alter", *target, "--add-config", f"flush.messages={len(word) * 1000}")


def state(node):
    """What clients see of a directory: topics with ids and settings, offsets, and every record of the test's topics."""
    server = ("--bootstrap-server", node.bootstrap)
    described = kafka.tool("kafka-topics", *server, "--describe", "--exclude-internal")
    seen = {}
    for level in ("read_committed", "read_uncommitted"):
        records = kcat.consume(node, "handed", "-X", f"isolation.level={level}", format="%p %o %T %k %h %s\\n")
        seen[f"records {level}"] = len(records)
        seen[f"digest {level}"] = digest(records)
    return {
        "topics": "\n".join(sorted(kafka.sorted_settings(line.strip()) for line in described.splitlines())),
        "earliest": kafka.tool("kafka-get-offsets", *server, "--topic", "handed", "--time", "-2"),
        "latest": kafka.tool("kafka-get-offsets", *server, "--topic", "handed", "--time", "-1"),
        **seen,
    }


def same_state(found, expected):
    for part, value in expected.items():
        equal(found[part], value, part)
