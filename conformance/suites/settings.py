"""kafka-configs of Apache Kafka: topics, brokers, their defaults, loggers, groups, and the quotas of users, clients and
addresses, described, altered and deleted against the node under test and against the oracle.
"""

import re

from harness.checks import case, equal
from suites.java_tools import Pair, output

# Settings that say where and how a node of this comparison runs.
PLACES = ("listeners", "log.dirs", "log.dir", "controller.quorum.bootstrap.servers", "group.initial.rebalance.delay.ms",
          "queued.max.request.bytes")
BROKER = ("--entity-type", "brokers", "--entity-name", "1")
BROKERS = ("--entity-type", "brokers", "--entity-default")
LOGGERS = ("--entity-type", "broker-loggers", "--entity-name", "1")
GROUP = ("--entity-type", "groups", "--entity-name", "readers")


def run(world):
    with world.Node() as node, world.Oracle() as oracle:
        both = Pair(node, oracle)
        topics(both)
        brokers(both)
        defaults(both)
        loggers(both)
        groups(both)
        quotas(both)


def alter(both, entity, added=None, deleted=None):
    """Alters settings on both, and describes what is set then."""
    what = ("--add-config", added) if added else ("--delete-config", deleted)
    both.same("kafka-configs", "--alter", *entity, *what)
    both.same("kafka-configs", "--describe", *entity)


def refused(both, entity, *changes):
    for change in changes:
        both.both_refuse("kafka-configs", "--alter", *entity, "--add-config", change)


def topics(both):
    topic = ("--entity-type", "topics", "--entity-name", "tuned")
    with case("kafka-configs: a topic's settings"):
        both.same("kafka-topics", "--create", "--topic", "tuned", "--config", "retention.ms=1000")
        alter(both, topic, added="cleanup.policy=[compact,delete],max.message.bytes=5000")
        alter(both, topic, deleted="retention.ms,cleanup.policy")
        alter(both, topic, deleted="segment.ms")
        both.same("kafka-configs", "--describe", "--all", *topic)
    with case("kafka-configs: what a topic is refused"):
        refused(both, topic, "retention.ms=soon", "no.such.key=1", "min.compaction.lag.ms=9,max.compaction.lag.ms=8")
        both.both_refuse("kafka-configs", "--describe", "--entity-type", "topics", "--entity-name", "absent")


def brokers(both):
    with case("kafka-configs: all settings of a broker as it started"):
        everything(both, *BROKER)
    with case("kafka-configs: a broker's settings"):
        both.same("kafka-configs", "--describe", *BROKER)
        alter(both, BROKER, added="log.retention.ms=3600000,max.connections.per.ip=500,num.io.threads=9")
        alter(both, BROKER, added="listener.name.plaintext.max.connections=700,leader.replication.throttled.rate=1000000")
        everything(both, *BROKER)
        alter(both, BROKER, deleted="num.io.threads,listener.name.plaintext.max.connections")
        alter(both, BROKER, deleted="log.retention.ms,max.connections.per.ip,leader.replication.throttled.rate")
    with case("kafka-configs: what a broker is refused"):
        refused(both, BROKER, "node.id=7", "log.retention.ms=soon", "log.retention.ms=0", "num.io.threads=100", "log.retention.hours=1")
        both.both_refuse("kafka-configs", "--alter", "--entity-type", "brokers", "--entity-name", "7", "--add-config", "log.retention.ms=1")


def defaults(both):
    with case("kafka-configs: the settings of all brokers"):
        both.same("kafka-configs", "--describe", *BROKERS)
        alter(both, BROKERS, added="log.retention.ms=7200000,message.max.bytes=2000000,log.cleanup.policy=[compact,delete]")
        both.same("kafka-configs", "--describe", "--entity-type", "brokers")
        both.same("kafka-configs", "--describe", "--all", "--entity-type", "topics", "--entity-name", "tuned")
        alter(both, BROKERS, deleted="log.retention.ms,message.max.bytes,log.cleanup.policy")
    with case("kafka-configs: what all brokers are refused"):
        refused(both, BROKERS, "listeners=PLAINTEXT://:1", "ssl.keystore.location=/nowhere", "max.connections.per.ip=0")


def loggers(both):
    with case("kafka-configs: loggers are set, told and inherited from"):
        both.same("kafka-configs", "--alter", *LOGGERS, "--add-config", "root=INFO,kafka=ERROR")
        for expected in ("ERROR", "INFO"):
            for node in (both.node, both.oracle):
                text = output(node, "kafka-configs", "--describe", *LOGGERS)
                levels = dict(re.findall(r"^  (root|kafka)=(\w+) ", text, re.MULTILINE))
                equal(levels, {"root": "INFO", "kafka": expected}, f"levels of the {node.name}")
            both.same("kafka-configs", "--alter", *LOGGERS, "--delete-config", "kafka") if expected == "ERROR" else None
        refused(both, LOGGERS, "no.such.logger=INFO", "kafka=LOUD")
        both.both_refuse("kafka-configs", "--alter", *LOGGERS, "--delete-config", "root")


def groups(both):
    with case("kafka-configs: a group's settings"):
        both.same("kafka-configs", "--describe", *GROUP)
        both.same("kafka-configs", "--describe", "--all", *GROUP)
        alter(both, GROUP, added="consumer.session.timeout.ms=50000,share.isolation.level=read_committed")
        both.same("kafka-configs", "--describe", "--all", *GROUP)
        both.same("kafka-configs", "--describe", "--entity-type", "groups")
        alter(both, GROUP, deleted="consumer.session.timeout.ms")
        alter(both, GROUP, deleted="share.isolation.level")
    with case("kafka-configs: what a group is refused"):
        refused(both, GROUP, "consumer.session.timeout.ms=1", "no.such.key=1", "share.auto.offset.reset=none")


def quotas(both):
    user, client, ip = ("--entity-type", "users"), ("--entity-type", "clients"), ("--entity-type", "ips")
    named = lambda entity, name: (*entity, "--entity-name", name)  # noqa: E731
    default = lambda entity: (*entity, "--entity-default")  # noqa: E731
    entities = [
        (named(client, "app"), "producer_byte_rate=1024,request_percentage=12.5", "producer_byte_rate"),
        (default(client), "consumer_byte_rate=2048", "consumer_byte_rate"),
        (named(ip, "10.1.2.3"), "connection_creation_rate=70000", "connection_creation_rate"),
        (default(ip), "connection_creation_rate=80000", "connection_creation_rate"),
        (default(user), "consumer_byte_rate=2000000000", "consumer_byte_rate"),
        ((*user, "--entity-name", "ann", *client, "--entity-name", "app"), "producer_byte_rate=9", "producer_byte_rate"),
        ((*user, "--entity-name", "ann", *client, "--entity-default"), "producer_byte_rate=8", "producer_byte_rate"),
    ]
    with case("kafka-configs: quotas of users, clients and addresses"):
        for entity, added, _ in entities:
            alter(both, entity, added=added)
        both.same("kafka-configs", "--alter", *named(user, "ann"), "--add-config", "producer_byte_rate=7")
        credentials(both, *named(user, "ann"))
        credentials(both, *user)
        for entity in (client, ip, (*user, *client)):
            both.same("kafka-configs", "--describe", *entity)
    with case("kafka-configs: quotas are deleted"):
        for entity, _, deleted in entities:
            alter(both, entity, deleted=deleted)
    with case("kafka-configs: what quotas are refused"):
        refused(both, named(client, "app"), "producer_byte_rate=0", "producer_byte_rate=1.5")
        refused(both, named(ip, "10.1.2.3"), "connection_creation_rate=-1")


def everything(both, *entity):
    """All settings of a broker but those of its place are told by both alike."""
    command = ("--describe", "--all", *entity)
    found, expected = (output(node, "kafka-configs", *command).splitlines() for node in (both.node, both.oracle))
    wanted = lambda lines: [line for line in lines if not line.startswith(tuple(f"  {name}=" for name in PLACES))]  # noqa: E731
    equal(wanted(found), wanted(expected), f"what kafka-configs {' '.join(command)} prints")


def credentials(both, *entity):
    """Quotas of users, and that they have no credentials, in whatever words."""
    texts = (output(node, "kafka-configs", "--describe", *entity) for node in (both.node, both.oracle))
    found, expected = (re.sub(r"(?<=ResourceNotFoundException: ).*", "WORDS", text) for text in texts)
    equal(found, expected, f"what kafka-configs --describe {' '.join(entity)} prints")
