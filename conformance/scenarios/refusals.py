"""What a broker refuses, told by Kafka's error numbers; None where the library refuses before it asks."""

from harness.checks import equal, true
from harness.scenario import Lacking, numbered

UNKNOWN_TOPIC = 3
MESSAGE_TOO_LARGE = 10
INVALID_TOPIC = 17
TOPIC_EXISTS = 36
INVALID_PARTITIONS = 37
INVALID_CONFIG = 40
OFFSET_OUT_OF_RANGE = 1


def refusals(scene):
    """Too large a record, unknown topics, names and settings that are not legal, offsets that are not there."""
    topic = scene.topic("small", **{"max.message.bytes": 2000})
    large = [{"partition": 0, "value": (b"x" * 5000).hex()}]
    reports = scene.attempt({"topic": topic, "records": large, "largest": 1_000_000}, {"topic": topic, "records": numbered(1)})
    failed = [report["code"] for report in reports if "failed" in report]
    equal(failed, [MESSAGE_TOO_LARGE], "error of a record that is too large")
    equal([each["offset"] for each in scene.produced(reports, 1)], [0], "the next record")

    absent = scene.name("absent")
    steps = [
        ({"do": "describe_topic", "topic": absent}, UNKNOWN_TOPIC),
        ({"do": "delete_topic", "topic": absent}, UNKNOWN_TOPIC),
        ({"do": "create_topic", "topic": topic, "partitions": 1, "configs": {}}, TOPIC_EXISTS),
        ({"do": "create_topic", "topic": "not/legal", "partitions": 1, "configs": {}}, INVALID_TOPIC),
        ({"do": "create_topic", "topic": absent, "partitions": 1, "configs": {"retention.ms": "soon"}}, INVALID_CONFIG),
        ({"do": "create_partitions", "topic": topic, "total": 1}, INVALID_PARTITIONS),
        ({"do": "alter_config", "topic": topic, "set": {"no.such.key": "1"}}, INVALID_CONFIG),
        ({"do": "delete_records", "topic": topic, "partition": 0, "before": 99}, OFFSET_OUT_OF_RANGE),
    ]
    for (step, code), found in zip(steps, scene.admin(*(step for step, _ in steps))):
        if found is Lacking or not scene.has(f"{step['do']} refused"):
            continue
        true(isinstance(found, dict) and "code" in found, f"{step} is refused: {found}")
        if scene.has(f"{step['do']} codes"):
            equal(found["code"], code, f"error of {step}: {found['error']}")
