"""What a client library costs: its program (clients/README.md, produce-load and consume-load), measured from outside.

Both libraries get the same records, settings and topics. Each figure is the median of some runs, the libraries taking turns.
What is consumed was produced by librdkafka, and is read to its end: what a library fetches ahead is not in the figures.
"""

import json
import random
import resource
import statistics

from harness import clients, processes

LIBRARIES = ["milena", "rust-rdkafka"]
PARTITIONS = 3
CODECS = ["none", "lz4", "zstd"]
RECORD_BYTES = [1000, 100]
REPETITIONS = 3
# The megabytes that the other measurements move once are shared by the runs of all the kinds.
SHARE = 10
# Kafka's defaults are spelt out where librdkafka's differ.
PRODUCER = {"acks": "all", "enable.idempotence": "true", "linger.ms": "5", "batch.size": "100000"}
CONSUMER = {"check.crcs": "true"}
WORDS = "GET POST /orders /carts /users status=200 status=404 latency_ms= user= region=eu-west-1 region=us-east-2 ok failed".split()


def measured(node, megabytes):
    """Library, title, figure and unit of all that is measured at a broker."""
    libraries = {client.name: client for client in clients.CLIENTS}
    commands = {name: libraries[name].optimised() for name in LIBRARIES}
    values = node.scratch / "values"
    values.write_bytes(text(1_000_000))
    for size in RECORD_BYTES:
        records = megabytes // SHARE * 1_000_000 // size
        for codec in CODECS:
            for verb, done, count in (("produce-load", "produced", records), ("consume-load", "consumed", REPETITIONS * records)):
                runs = {name: [] for name in LIBRARIES}
                for _ in range(REPETITIONS):
                    for name in LIBRARIES:
                        own = f"{codec}-{size}-{name}"
                        topic = own if verb == "produce-load" else f"{codec}-{size}-rust-rdkafka"
                        settings = {**PRODUCER, "compression.type": codec} if verb == "produce-load" else CONSUMER
                        load = {"topic": topic, "partitions": PARTITIONS, "records": count, "record_bytes": size,
                                "values": str(values), "settings": settings}
                        runs[name].append(run(commands[name], verb, {"bootstrap": node.bootstrap, "load": load}))
                for name, figures in runs.items():
                    moved = count * size
                    title = f"{done}, {size} B, {codec}"
                    cpu = statistics.median(cpu for cpu, _ in figures)
                    seconds = statistics.median(seconds for _, seconds in figures)
                    yield name, f"{title}: CPU-seconds per GB", cpu / moved * 1e9, "s"
                    yield name, f"{title}: throughput", moved / seconds / 1e6, "MB/s"


def run(command, verb, told):
    """CPU-seconds of a run from its start to its end, and the seconds that it reports for the load alone."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = processes.run([*command, verb], stdin=json.dumps(told).encode() + b"\n", seconds=120)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, json.loads(report)["seconds"]


def text(size):
    """Lines as a log has them, which a codec makes a third of; always the same."""
    chance = random.Random(4)
    words = []
    length = 0
    while length < size:
        word = chance.choice(WORDS)
        words.append(word + str(chance.randrange(1 << 20)) if word.endswith("=") else word)
        length += len(words[-1]) + 1
    return " ".join(words).encode()[:size]
