"""Records as they are sent and as they come back."""

from harness.checks import equal, true
from harness.scenario import hexed, numbered, sha

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
ACKS = ["0", "1", "all"]
BASE_TIME = 1_700_000_000_000


def codecs_and_acks(scene):
    """Each codec with acks 0, 1, all and as an idempotent producer: every record back, in order."""
    runs = [{"codec": codec, "acks": acks} for codec in CODECS if scene.has(codec) for acks in ACKS]
    if scene.has("idempotence"):
        runs += [{"codec": codec, "acks": "all", "idempotent": True} for codec in CODECS if scene.has(codec)]
    # Each has a partition of its own: nothing orders records that nobody acknowledges before those of the next producer.
    topic = scene.topic("records", partitions=len(runs))
    count = scene.world.amount(1000, 100)
    runs = [{**run, "topic": topic, "records": numbered(count, partition)} for partition, run in enumerate(runs)]
    for run, found in zip(runs, scene.produce(*runs)):
        if run["acks"] != "0":
            equal(found, list(range(count)), f"offsets told with {run['codec']}, acks={run['acks']}")
    partitions = list(range(len(runs)))
    (read,) = scene.consume({"topic": topic, "partitions": partitions, "count": count * len(runs)})
    for partition, run in enumerate(runs):
        found = [(each["offset"], each["value"]) for each in read if each["partition"] == partition]
        expected = [(number, sha(str(number).encode())) for number in range(count)]
        equal(found, expected, f"records read that were sent with {run['codec']}, acks={run['acks']}")


def fields(scene):
    """Keys, null keys, null and empty values, headers (doubled, empty), timestamps, partitions."""
    topic = scene.topic("fields", partitions=2)
    sent = [
        {"partition": 0, "key": b"key", "value": b"value", "timestamp": BASE_TIME},
        {"partition": 0, "key": None, "value": b"no key", "timestamp": BASE_TIME + 5},
        {"partition": 0, "key": b"", "value": b"", "timestamp": BASE_TIME + 3},
        {"partition": 0, "key": b"deleted", "value": None, "timestamp": BASE_TIME + 7},
        {"partition": 1, "key": b"\x00\xff", "value": bytes(range(256)), "timestamp": BASE_TIME + 1},
        {"partition": 1, "key": b"k", "value": b"v", "timestamp": BASE_TIME + 2,
         "headers": [("a", b"1"), ("b", b""), ("a", b"\xfe\xff"), ("grüße", "é".encode())]},
        {"partition": 1, "key": b"large", "value": b"x" * 300_000, "timestamp": BASE_TIME + 9},
    ]
    told = [{**each, "key": hexed(each["key"]), "value": hexed(each["value"]),
             "headers": [[name, hexed(value)] for name, value in each.get("headers", [])]} for each in sent]
    scene.produce({"topic": topic, "records": told})
    (read,) = scene.consume({"topic": topic, "partitions": [0, 1], "count": len(sent)})
    for partition in (0, 1):
        found = [told_of(each) for each in read if each["partition"] == partition]
        expected = [expected_of(each, number) for number, each in enumerate(s for s in sent if s["partition"] == partition)]
        if not scene.has("headers in order"):
            expected = [(*rest, sorted(headers, key=by_first(headers))) for *rest, headers in expected]
        equal(found, expected, f"records of partition {partition}")
    stamped = scene.topic("stamped", **{"message.timestamp.type": "LogAppendTime"})
    scene.produce({"topic": stamped, "records": [{"partition": 0, "value": hexed(b"v"), "timestamp": BASE_TIME}]})
    ((one,),) = scene.consume({"topic": stamped, "count": 1})
    true(one["timestamp"] > BASE_TIME + 1_000_000, f"the broker's time with LogAppendTime: {one['timestamp']}")


def by_first(headers):
    """Orders headers by where their name stands first."""
    names = [name for name, _ in headers]
    return lambda header: names.index(header[0])


def told_of(read):
    return tuple(read[field] for field in ("offset", "timestamp", "key", "value", "size", "headers"))


def expected_of(sent, offset):
    value, headers = sent["value"], [[name, hexed(content)] for name, content in sent.get("headers", [])]
    size = -1 if value is None else len(value)
    return offset, sent["timestamp"], hexed(sent["key"]), sha(value), size, headers
