"""Compacted topics are cleaned while the node runs, and their directories go from Milena to Apache Kafka and back.

What is left of a topic is judged by what was read before: of each key the newest record, at the offset it had. Kafka's
dump tool looks at every file, and Kafka cleans a copy of the same directory to the same batches.
"""

import hashlib
import re
import shutil

from harness import kafka, kcat, processes, wire
from harness.checks import case, equal, true
from suites import java_tools

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
KEYS = 3000
TICK = b"tick"
SETTINGS = {
    "log.cleaner.backoff.ms": 50,
    "log.cleaner.threads": 1,
    "log.segment.delete.delay.ms": 100,
    "log.retention.check.interval.ms": 500,
    "log.initial.task.delay.ms": 500,
    "offsets.topic.num.partitions": 1,
    "offsets.topic.segment.bytes": 1 << 20,
}
COMPACT = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": 0}
SLOW = {"log.cleaner.io.max.bytes.per.second": 200_000}


def run(world):
    pairs = [(world.Node, world.Oracle)] + ([(world.Oracle, world.Node)] if world.target != "oracle" else [])
    for First, Second in pairs:
        handed_over(world, First, Second)
        interrupted(world, First, Second)
        committed_offsets(world, First, Second)
    policies(world)


def handed_over(world, First, Second):
    """First cleans, Second cleans a copy, then what First left, and First takes it back."""
    title = f"from {First.name} to {Second.name}"
    with First(overrides=SETTINGS) as first:
        written = write(world, first, "keyed")
        first.stop()
        copy = shutil.copytree(first.data, first.scratch / "copy")
        first.start()
        with case(f"{title}: {First.name} keeps the newest record of each key, tombstones too, at their offsets"):
            compact(first, "keyed")
            newest_are_left(first, "keyed", written)
            same_to_java(first, "keyed")
        with case(f"{title}: kafka-dump-log accepts what {First.name} has cleaned"):
            first.stop()
            left = batches(first.data / "keyed-0")
        with Second(data=copy, overrides=SETTINGS) as second:
            with case(f"{title}: {Second.name} cleans a copy of the directory to the same batches"):
                compact(second, "keyed")
                newest_are_left(second, "keyed", written)
                second.stop()
                end = max(written) + 1
                same = [line for line in batches(copy / "keyed-0") if line[0] < end]
                equal(same, [line for line in left if line[0] < end], "batches")
        for ending, Node in enumerate((Second, First)):
            with Node(data=first.data, overrides=SETTINGS) as node:
                with case(f"{title}: {Node.name} takes the cleaned directory over, and cleans it again"):
                    again = {**everything(node, "keyed"), **write(world, node, "keyed", CODECS[ending:ending + 2])}
                    clean_again(node, "keyed")
                    newest_are_left(node, "keyed", again)
                    node.stop()
                    batches(first.data / "keyed-0")


def interrupted(world, First, Second):
    """First is killed while it cleans, and Second goes on; then both find the files of a swap that was cut short."""
    title = f"from {First.name} to {Second.name}, killed while it cleans"
    with First(overrides={**SETTINGS, **SLOW}) as first:
        written = write(world, first, "keyed")
        first.stop()
        swapped = {Node: shutil.copytree(first.data, first.scratch / f"swap-{number}")
                   for number, Node in enumerate({First: None, Second: None})}
        first.start()
        partition = first.data / "keyed-0"
        with case(f"{title}: a file of {First.name}'s cleaning is left"):
            compact(first, "keyed", wait=False)
            processes.wait_until(lambda: list(partition.glob("*.log.cleaned")), 60, "a cleaning writes")
            first.kill()
            true(list(partition.glob("*.cleaned")), "it was killed before the end")
        with Second(data=first.data, overrides=SETTINGS) as second:
            with case(f"{title}: {Second.name} has every newest record, and cleans to the end"):
                has_newest(everything(second, "keyed"), written)
                compact(second, "keyed")
                newest_are_left(second, "keyed", written)
                no_leftovers(partition)
                # Small segments become one.
                clean_again(second, "keyed")
                second.stop()
                batches(partition)
        for Node, copy in swapped.items():
            with case(f"{title}: {Node.name} ends a swap that was cut short"):
                end = put_swap(partition, copy / "keyed-0")
                (copy / ".kafka_cleanshutdown").unlink(missing_ok=True)
                with Node(data=copy, overrides=SETTINGS) as node:
                    cleaned = {offset: line for offset, line in newest_of(written).items() if offset < end}
                    expected = {**cleaned, **{offset: line for offset, line in written.items() if offset >= end}}
                    equal(everything(node, "keyed"), expected, "records")
                    no_leftovers(copy / "keyed-0")
                    node.stop()
                    batches(copy / "keyed-0")


def put_swap(cleaned, uncleaned):
    """Puts the first cleaned segment beside those that it replaces, as a crash in a swap leaves it; its end offset."""
    first, second = sorted(cleaned.glob("*.log"))[:2]
    for kind in ("log", "index", "timeindex"):
        shutil.copy(first.with_suffix(f".{kind}"), uncleaned / f"{first.stem}.{kind}.swap")
    bases = [int(log.stem) for log in sorted(uncleaned.glob("*.log"))]
    true(int(second.stem) in bases and bases.index(int(second.stem)) > 1, f"one segment for several: {second.stem} of {bases}")
    return int(second.stem)


def committed_offsets(world, First, Second):
    """The same offsets are committed again and again: __consumer_offsets stays small, and they stay what they are."""
    title = f"from {First.name} to {Second.name}"
    groups = [f"group-{number}" for number in range(5)]
    commits = world.amount(400, 300)
    with First(overrides=SETTINGS) as first:
        partition = first.data / "__consumer_offsets-0"
        wire.create_topic(first.port, "orders", 1, {})
        with case(f"{title}: {First.name} compacts the commits of {len(groups)} groups, {commits} each"):
            classes = kafka.compiled("GroupOffsets")
            processes.run(kafka.java("GroupOffsets", first.bootstrap, "commit", groups[0], "orders", 1, classes=classes))
            for number in range(commits):
                for group in groups:
                    wire.commit_offset(first.port, group, "orders", 0, number, metadata="m" * 4000)
            sizes = lambda: sum(log.stat().st_size for log in partition.glob("*.log"))  # noqa: E731
            processes.wait_until(lambda: sizes() < 2.5 * (1 << 20), 60, f"compacted; {sizes()} bytes at first")
            left = told(first, groups)
            true(all(f" {commits - 1} " in line for line in left), f"the last offsets: {left}")
            first.stop()
            batches(partition, "--offsets-decoder")
        with Second(data=first.data, overrides=SETTINGS) as second:
            with case(f"{title}: {Second.name} finds the newest commits"):
                processes.wait_until(lambda: told(second, groups) == left, 60, "the same offsets")


def told(node, groups):
    classes = kafka.compiled("GroupOffsets")
    command = kafka.java("GroupOffsets", node.bootstrap, "list", *groups, classes=classes)
    return [re.sub(r"offset=(\d+),", r"offset= \1 ,", line) for line in processes.run(command).decode().splitlines()]


def policies(world):
    with world.Node(overrides=SETTINGS) as node:
        tombstones(world, node)
        lags(world, node)
        both(world, node)


def tombstones(world, node):
    with case("tombstones stay for delete.retention.ms, and are gone after a later cleaning"):
        written = {topic: write(world, node, topic, ["none"]) for topic in ("short-lived", "long-lived")}
        compact(node, "short-lived", {"delete.retention.ms": 1})
        compact(node, "long-lived")
        for _ in range(2):
            clean_again(node, "short-lived")
            clean_again(node, "long-lived")
        dead = {key_of(line) for line in newest_of(written["short-lived"]).values() if is_tombstone(line)}
        true(dead, "some keys end with a tombstone")
        left = {key_of(line) for line in everything(node, "short-lived").values()}
        alive = {key_of(line) for line in written["short-lived"].values()} - dead
        equal(left, alive | {TICK}, "keys that are left")
        has_newest(everything(node, "long-lived"), written["long-lived"])


def lags(world, node):
    """`guard` is cleaned in the same rounds: the cleaner came by, and left the others alone."""
    written = {topic: write(world, node, topic, ["none"]) for topic in ("lagging", "hardly-dirty", "guard")}
    with case("a log is left alone for min.compaction.lag.ms, and while it is not dirty enough"):
        compact(node, "lagging", {"min.compaction.lag.ms": 3_600_000}, wait=False)
        compact(node, "hardly-dirty", {"min.cleanable.dirty.ratio": 1}, wait=False)
        compact(node, "guard")
        clean_again(node, "guard")
        for topic in ("lagging", "hardly-dirty"):
            has_all(everything(node, topic), written[topic])
    with case("it is cleaned when the lag is shorter, and when max.compaction.lag.ms has passed"):
        compact(node, "lagging", {"min.compaction.lag.ms": 0})
        newest_are_left(node, "lagging", written["lagging"])
        compact(node, "hardly-dirty", {"min.cleanable.dirty.ratio": 1, "max.compaction.lag.ms": 1})
        newest_are_left(node, "hardly-dirty", written["hardly-dirty"])


def both(world, node):
    with case("compact,delete: retention takes old segments away, and of the rest the newest of each key is left"):
        written = write(world, node, "both", ["none"])
        compact(node, "both", {"cleanup.policy": "compact,delete"})
        newest_are_left(node, "both", written)
        settings(node, "both", {"retention.bytes": 1})
        shorter = lambda: java_tools.end_offsets(node, "both", "-2")[0] > max(written)  # noqa: E731
        processes.wait_until(shorter, 60, "the log begins after what was cleaned")


def write(world, node, topic, codecs=tuple(CODECS)):
    """Adds records of some keys, each many times, some of them tombstones; returns all of the topic by offset."""
    if not processes.answers(node.port):
        raise processes.Overdue("the node does not answer")
    if topic not in kcat.run(node, "-L").decode():
        wire.create_topic(node.port, topic, 1, {"segment.bytes": 1 << 20, "retention.ms": -1, "index.interval.bytes": 512})
    count = world.amount(6000, 2500)
    for codec in codecs:
        lines = [line_of(codec, number, count) for number in range(count)]
        options = ("-p", 0, "-K", "\t", "-Z", "-z", codec, "-H", f"codec={codec}", "-X", "batch.num.messages=40")
        kcat.produce(node, topic, lines, *options, "-X", f"enable.idempotence={str(codec == 'lz4').lower()}")
    return everything(node, topic)


def line_of(codec, number, count):
    """Key and value: random keys with text that hardly packs, and tombstones, more of them towards the end."""
    key = int.from_bytes(hashlib.sha256(f"{codec} {number}".encode()).digest()[:4]) % KEYS
    dies = number % 50 == 7 or (number > count * 3 // 4 and key % 5 == 0)
    value = "" if dies else f"{number} {hashlib.shake_256(f'{codec} {number}'.encode()).hexdigest(300)}"
    return f"key-{key}\t{value}".encode()


def everything(node, topic):
    """Each record by its offset: time, key, size of the value, value and headers."""
    found = kcat.consume(node, topic, "-p", 0, "-o", "beginning", format="%o\\t%k\\t%T\\t%S\\t%h\\t%s\\n")
    return {int(line.partition(b"\t")[0]): line for line in found}


def key_of(line):
    return line.split(b"\t")[1]


def is_tombstone(line):
    return line.split(b"\t")[3] == b"-1"


def newest_of(records):
    """The newest record of each key, by offset."""
    last = {key_of(line): offset for offset, line in sorted(records.items())}
    return {offset: records[offset] for offset in sorted(last.values())}


def compact(node, topic, more=None, wait=True):
    """Has a topic cleaned from now on, up to its present end, and waits for that."""
    settings(node, topic, {"segment.ms": 1})
    end = tick(node, topic)
    settings(node, topic, {**COMPACT, **(more or {})})
    if wait:
        cleaned_up_to(node, topic, end)


def clean_again(node, topic):
    """Has a topic that is cleaned already cleaned up to its present end."""
    cleaned_up_to(node, topic, tick(node, topic))


def tick(node, topic):
    """Appends the first record of a new segment, so that all that came before may be cleaned; returns its offset."""
    (end,) = wire.end_offsets(node.port, topic, 1)
    kcat.produce(node, topic, [TICK + b"\tx"], "-p", 0, "-K", "\t")
    return end


def cleaned_up_to(node, topic, end):
    done = lambda: clean_until(node, topic) >= end  # noqa: E731
    processes.wait_until(done, 120, f"{topic} is cleaned up to {end}", alive=node.process)


def settings(node, topic, changes):
    words = ",".join(f"{key}=[{value}]" for key, value in changes.items())
    target = ("--entity-type", "topics", "--entity-name", topic, "--add-config", words)
    kafka.tool("kafka-configs", "--bootstrap-server", node.bootstrap, "--alter", *target)


def clean_until(node, topic):
    """The first dirty offset of a topic's partition, as the checkpoint in Kafka's format tells it."""
    file = node.data / "cleaner-offset-checkpoint"
    # Kafka makes it empty.
    lines = (file.read_text() if file.exists() else "").splitlines() or ["0", "0"]
    equal([lines[0], lines[1]], ["0", str(len(lines) - 2)], "version and count of the checkpoint")
    found = {name: int(offset) for name, _, offset in (line.rsplit(" ", 2) for line in lines[2:])}
    return found.get(topic, -1)


def newest_are_left(node, topic, written):
    """Of what was written and cleaned exactly the newest of each key is left, as it was."""
    left = everything(node, topic)
    expected = newest_of({offset: line for offset, line in written.items() if offset < clean_until(node, topic)})
    equal({offset: line for offset, line in left.items() if offset <= max(written)}, expected, f"records of {topic}")


def has_newest(found, written):
    newest = newest_of(written)
    equal({offset: found.get(offset) for offset in newest}, newest, "newest record of each key")


def has_all(found, written):
    equal({offset: found.get(offset) for offset in written}, written, "records")


def same_to_java(node, topic):
    """The console consumer reads what kcat reads."""
    records = everything(node, topic)
    shown = ("print.key=true", "print.offset=true", "print.timestamp=false")
    shown = [word for field in shown for word in ("--formatter-property", field)]
    limits = ("--partition", 0, "--offset", "earliest", "--max-messages", len(records))
    text = kafka.tool("kafka-console-consumer", "--bootstrap-server", node.bootstrap, "--topic", topic, *limits, *shown)
    found = [line.partition(":")[2].split("\t")[:2] for line in text.splitlines()]
    equal(found, [[str(offset), key_of(line).decode()] for offset, line in sorted(records.items())], "offsets and keys")


def no_leftovers(partition):
    left = [file.name for file in partition.iterdir() if file.suffix in (".cleaned", ".swap")]
    equal(left, [], "files of cleanings that were cut short")


def batches(partition, *decoder):
    """Base and last offset, count, sequence and codec of each batch; the dump tool accepts logs and indexes."""
    logs = sorted(partition.glob("*.log"))
    text = java_tools.dump("--deep-iteration", *decoder, "--files", ",".join(map(str, logs)))
    java_tools.clean(text)
    indexes = ",".join(map(str, sorted([*partition.glob("*.index"), *partition.glob("*.timeindex")])))
    sane = java_tools.dump("--index-sanity-check", "--files", indexes)
    equal(len(re.findall("passed sanity check.|is empty.", sane)), indexes.count(",") + 1, f"sane files in {sane[-500:]}")
    java_tools.clean(java_tools.dump("--verify-index-only", "--files", indexes))
    fields = r"baseOffset: (\d+) lastOffset: (\d+) count: (\d+) baseSequence: (\S+) .*compresscodec: (\w+)"
    return [(int(base), int(last), *rest) for base, last, *rest in re.findall(fields, text)]
