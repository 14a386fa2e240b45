"""Kafka's own test programs: VerifiableProducer, VerifiableConsumer and ClientCompatibilityTest."""

import json
import subprocess

from harness import kafka, processes, wire
from harness.checks import case, equal, true

TOPIC = "verifiable"
PARTITIONS = 3
STRATEGY = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"
# Of the consumer protocol (KIP-848) it is the broker that says how long sessions are.
PROTOCOLS = {
    "classic": ("--session-timeout", 10_000, "--assignment-strategy", STRATEGY),
    "consumer": ("--group-protocol", "consumer", "--group-remote-assignor", "range"),
}


def run(world):
    count = world.amount(20_000, 2_000)
    with world.Node(overrides={"group.initial.rebalance.delay.ms": 0}) as node:
        wire.create_topic(node.port, TOPIC, PARTITIONS, {})
        sent = produced(node, count)
        for protocol, options in PROTOCOLS.items():
            consumed(node, sent, protocol, options)
        compatible(world, node)


def events(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def produced(node, count):
    """What VerifiableProducer says was acknowledged: pairs of partition and offset."""
    with case(f"VerifiableProducer sends {count} records, and each is acknowledged"):
        server = ("--bootstrap-server", node.bootstrap, "--topic", TOPIC)
        told = events(kafka.tool("kafka-verifiable-producer", *server, "--max-messages", count, "--acks", "-1"))
        summary = next(event for event in told if event["name"] == "tool_data")
        equal((summary["sent"], summary["acked"]), (count, count), "sent and acknowledged")
        equal([event for event in told if event["name"] == "producer_send_error"], [], "errors")
        return {(event["partition"], event["offset"]) for event in told if event["name"] == "producer_send_success"}


class Consumer:
    """A VerifiableConsumer whose events go to a file."""

    def __init__(self, node, number, protocol, options):
        self.file = node.scratch / f"verifiable-consumer-{protocol}-{number}"
        server = ("--bootstrap-server", node.bootstrap, "--topic", TOPIC, "--group-id", f"verifiers-{protocol}")
        reading = ("--reset-policy", "earliest", "--verbose")
        command = kafka.java(kafka.TOOLS["kafka-verifiable-consumer"], *server, *reading, *options)
        with open(self.file, "wb") as output:
            self.process = processes.start(command, stdout=output, stderr=subprocess.DEVNULL)

    def events(self, name):
        """Its events of one name; a line that is being written is left for the next look."""
        lines = self.file.read_bytes().rpartition(b"\n")[0].decode()
        return [event for event in events(lines) if event["name"] == name]

    def read(self):
        return [(event["partition"], event["offset"]) for event in self.events("record_data")]


def consumed(node, sent, protocol, options):
    with case(f"two VerifiableConsumers of one group of the {protocol} protocol read each record and commit what they read"):
        members = [Consumer(node, number, protocol, options) for number in (1, 2)]
        read = lambda: [place for member in members for place in member.read()]  # noqa: E731
        processes.wait_until(lambda: set(read()) >= sent, 90, f"{len(sent)} records read")
        shared = lambda: all(member.events("partitions_assigned") for member in members)  # noqa: E731
        processes.wait_until(shared, 60, "both were assigned partitions")
        for member in members:
            processes.stop(member.process, 30)
        equal(set(read()), sent, "records read")
        for member in members:
            equal([event for event in member.events("offsets_committed") if not event["success"]], [], "failed commits")
            equal(len(member.events("shutdown_complete")), 1, "clean ends")
        ends = {}
        for event in (event for member in members for event in member.events("offsets_committed")):
            for place in event["offsets"]:
                ends[place["partition"]] = max(place["offset"], ends.get(place["partition"], 0))
        expected = {partition: 1 + max(offset for p, offset in sent if p == partition) for partition, _ in sent}
        equal(ends, expected, "committed offsets")


def compatible(world, node):
    with case("ClientCompatibilityTest finds what it expects of a broker of Kafka's version"):
        supported = ("offsets-for-times", "cluster-id", "create-topics", "describe-configs", "idempotent-producer")
        wire.create_topic(node.port, "compatibility", 1, {})
        # Without ACLs their APIs are not advertised; Kafka advertises them and refuses.
        expected = {**dict.fromkeys(supported, True), "describe-acls": world.target == "oracle"}
        options = [word for name, value in expected.items() for word in (f"--{name}-supported", str(value))]
        server = ("--bootstrap-server", node.bootstrap, "--topic", "compatibility", "--num-cluster-nodes", 1)
        text = kafka.tool("kafka-client-compatibility", *server, "--expect-record-too-large-exception", "False", *options)
        true("SUCCESS" in text, f"what it printed: {text[-500:]}")
