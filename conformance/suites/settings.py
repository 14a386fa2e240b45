"""kafka-configs of Apache Kafka: topics, brokers, their defaults, loggers, groups, and the quotas of users, clients and
addresses, described, altered and deleted against the node under test and against the oracle.
"""

import re
import time
from concurrent.futures import ThreadPoolExecutor

from harness import kafka
from harness.checks import case, equal, true
from harness.side_by_side import masked
from suites.java_tools import errors

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
        both.close()


class Pair:
    """Both nodes, given the same commands; each has a Java process that runs them."""

    def __init__(self, node, oracle):
        self.node, self.oracle = node, oracle
        self.tools = {one: kafka.Tools() for one in (node, oracle)}

    def same(self, tool, *arguments, but=lambda text: text):
        """Runs a command against both; what it prints has to be the same, `but` for what this leaves out.

        The oracle answers a change before its broker works by it, so it is asked again while it
        describes another state.
        """
        ask = lambda one: but(self.output(one, tool, *arguments))  # noqa: E731
        with ThreadPoolExecutor(2) as side_by_side:
            found, expected = side_by_side.map(ask, (self.node, self.oracle))
        deadline = time.monotonic() + 5
        while found != expected and "--describe" in arguments and time.monotonic() < deadline:
            expected = ask(self.oracle)
        equal(found, expected, f"what {tool} {' '.join(arguments)} prints")

    def both_refuse(self, tool, *arguments):
        """Runs a command that must fail against both: with the same exit code and errors, in whatever words."""
        found, expected = (self.output(one, tool, *arguments, mask=errors) for one in (self.node, self.oracle))
        equal(found, expected, f"how {tool} {' '.join(arguments)} fails")
        true(not found.endswith("exit 0"), f"{tool} {' '.join(arguments)} fails")

    def output(self, node, tool, *arguments, mask=masked):
        text, code = self.tools[node].run(tool, "--bootstrap-server", node.bootstrap, *arguments)
        # Quotas stand in the order of a hash map.
        in_order = lambda found: ", ".join(sorted(found.group().split(", ")))  # noqa: E731
        return mask(re.sub(r"(?<= are )\S+=\S+(, \S+=\S+)+", in_order, f"{text}exit {code}"), node)

    def close(self):
        for tools in self.tools.values():
            tools.close()


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
        both.same("kafka-configs", "--describe", "--entity-type", "topics", "--entity-name", "absent")


def brokers(both):
    with case("kafka-configs: all settings of a broker as it started"):
        everything(both, *BROKER)
    with case("kafka-configs: a broker's settings"):
        both.same("kafka-configs", "--describe", *BROKER)
        alter(both, BROKER, added="log.retention.ms=3600000,max.connections.per.ip=500,num.io.threads=9")
        alter(both, BROKER, added="listener.name.plaintext.max.connections=700")
        alter(both, BROKER, added="leader.replication.throttled.rate=1000000")
        everything(both, *BROKER)
        alter(both, BROKER, deleted="num.io.threads,listener.name.plaintext.max.connections")
        alter(both, BROKER, deleted="log.retention.ms,max.connections.per.ip,leader.replication.throttled.rate")
    with case("kafka-configs: what a broker is refused"):
        refused(both, BROKER, "node.id=7", "log.retention.ms=soon", "log.retention.ms=0", "num.io.threads=100",
                "log.retention.hours=1")


def defaults(both):
    with case("kafka-configs: the settings of all brokers"):
        both.same("kafka-configs", "--describe", *BROKERS)
        alter(both, BROKERS, added="log.retention.ms=7200000,message.max.bytes=2000000")
        alter(both, BROKERS, added="log.cleanup.policy=[compact,delete]")
        both.same("kafka-configs", "--describe", "--entity-type", "brokers")
        both.same("kafka-configs", "--describe", "--all", "--entity-type", "topics", "--entity-name", "tuned")
        alter(both, BROKERS, deleted="log.retention.ms,message.max.bytes,log.cleanup.policy")
    with case("kafka-configs: what all brokers are refused"):
        refused(both, BROKERS, "listeners=PLAINTEXT://:1", "ssl.keystore.location=/nowhere", "max.connections.per.ip=0")


def loggers(both):
    with case("kafka-configs: loggers are set, told and inherited from"):
        both.same("kafka-configs", "--alter", *LOGGERS, "--add-config", "root=INFO,kafka=ERROR")
        levels(both, root="INFO", kafka="ERROR")
        both.same("kafka-configs", "--alter", *LOGGERS, "--delete-config", "kafka")
        levels(both, root="INFO", kafka="INFO")
        refused(both, LOGGERS, "no.such.logger=INFO", "kafka=LOUD")
        both.both_refuse("kafka-configs", "--alter", *LOGGERS, "--delete-config", "root")


def levels(both, **expected):
    """The levels of some loggers; which there are beside them is each program's own."""
    for node in (both.node, both.oracle):
        text = both.output(node, "kafka-configs", "--describe", *LOGGERS)
        found = dict(re.findall(r"^  (\w+)=(\w+) ", text, re.MULTILINE))
        equal({name: found.get(name) for name in expected}, expected, f"levels of the {node.name}")


def groups(both):
    with case("kafka-configs: a group's settings are set and removed"):
        both.same("kafka-configs", "--alter", *GROUP, "--add-config", "consumer.heartbeat.interval.ms=6000")
        both.same("kafka-configs", "--alter", *GROUP, "--delete-config", "consumer.heartbeat.interval.ms")
    # The command asks for the groups there are before it describes one.
    with case("kafka-configs: a group's settings are described"):
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
        ((*named(user, "ann"), *named(client, "app")), "producer_byte_rate=9", "producer_byte_rate"),
        ((*named(user, "ann"), *default(client)), "producer_byte_rate=8", "producer_byte_rate"),
    ]
    with case("kafka-configs: quotas of users, clients and addresses"):
        for entity, added, _ in entities:
            alter(both, entity, added=added)
        both.same("kafka-configs", "--alter", *named(user, "ann"), "--add-config", "producer_byte_rate=7")
        credentials(both, *named(user, "ann"))
        credentials(both, *user)
        for entity in (client, ip, (*user, *client)):
            both.same("kafka-configs", "--describe", *entity, but=lambda text: sorted(text.splitlines()))
    with case("kafka-configs: quotas are deleted"):
        for entity, _, deleted in entities:
            alter(both, entity, deleted=deleted)
    with case("kafka-configs: what quotas are refused"):
        refused(both, named(client, "app"), "producer_byte_rate=0", "producer_byte_rate=1.5")
        refused(both, named(ip, "10.1.2.3"), "connection_creation_rate=-1")


def everything(both, *entity):
    """All settings of a broker but those of its place are told by both alike."""
    of_places = tuple(f"  {name}=" for name in PLACES)
    but = lambda text: [line for line in text.splitlines() if not line.startswith(of_places)]  # noqa: E731
    both.same("kafka-configs", "--describe", "--all", *entity, but=but)


def credentials(both, *entity):
    """Quotas of users, and that they have no credentials, in whatever words."""
    but = lambda text: sorted(re.sub(r"(?<=ResourceNotFoundException: ).*", "WORDS", text).splitlines())  # noqa: E731
    both.same("kafka-configs", "--describe", *entity, but=but)
