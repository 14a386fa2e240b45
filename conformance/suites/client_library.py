"""What our own client library can ask beyond the scenarios of every client: the same steps against the node under test
and the oracle, answer compared with answer.

Answers are made of what does not differ from node to node (conformance/clients/milena/src/cluster_admin.rs). Where one
is known beforehand it stands beside its step, so that two nodes that both answer nothing are noticed.
"""

import time
from concurrent.futures import ThreadPoolExecutor

from harness import processes
from harness.checks import case, equal, true
from harness.clients import CLIENTS
from harness.scenario import HEARTBEAT_MS, SESSION_MS, Member, Scene, numbered, shared_out

SETTINGS = {"auto.create.topics.enable": "false", "group.consumer.min.session.timeout.ms": 1000,
            "group.consumer.session.timeout.ms": SESSION_MS, "group.consumer.min.heartbeat.interval.ms": 100,
            "group.consumer.heartbeat.interval.ms": HEARTBEAT_MS}
TOPIC = {"topic": "t", "partition": 0}
NOWHERE = {"topic": "nowhere", "partition": 0}
ANYTHING = object()
# Steps that change nothing.
ASKING = {"describe_quotas", "describe_config", "config_resources", "group_offsets", "list_topics"}

UNKNOWN_TOPIC = 3
INVALID_REQUEST = 42
NO_REASSIGNMENT_IN_PROGRESS = 85
INVALID_REGULAR_EXPRESSION = 128


class Refused:
    """An answer that is an error of this number."""

    def __init__(self, code):
        self.code = code


def run(world):
    own = next(client for client in CLIENTS if client.name == "milena")
    with case("client-library: the program is built"):
        own.build()
    with world.Node(overrides=SETTINGS) as node, world.Oracle(overrides=SETTINGS) as oracle:
        both = Both(own, node, oracle)
        topic = {"do": "create_topic", "topic": "t", "partitions": 2, "configs": {"retention.ms": "-1"}}
        both.ask("validated only", [({**topic, "validate": True}, None), ({"do": "list_topics"}, [])])
        both.ask("a topic", [(topic, None), ({**topic, "validate": True}, Refused(36))])
        records = [{"partition": 0, "value": "61", "timestamp": 1_700_000_000_000 + at} for at in range(5)]
        both.produce({"topic": "t", "acks": "all", "idempotent": True, "codec": "none", "records": records})
        for title, steps in CASES:
            both.ask(title, steps)
        for here in (node, oracle):
            for strategy in ("range", "server"):
                with case(f"client-library: a subscribed topic is deleted and made anew on {here.name}: {strategy}"):
                    made_anew(Scene(world, here, own, f"anew-{strategy}"), strategy)
            with case(f"client-library: a static member of the consumer protocol comes back on {here.name}"):
                comes_back(Scene(world, here, own, "static"))
            with case(f"client-library: a pattern that brokers look for on {here.name}"):
                by_pattern(Scene(world, here, own, "pattern"))


class Both:
    """The node under test and the oracle, asked the same."""

    def __init__(self, client, *nodes):
        self.client, self.nodes = client, nodes

    def run(self, verb, told):
        ask = lambda node: self.client.run(verb, {"bootstrap": node.bootstrap, **told})  # noqa: E731
        with ThreadPoolExecutor(len(self.nodes)) as side_by_side:
            return list(side_by_side.map(ask, self.nodes))

    def produce(self, *runs):
        with case("client-library: records"):
            found, expected = ([{**report, "at": None} for report in told] for told in self.run("produce", {"runs": runs}))
            equal(found, expected, "what is told of the records")
            equal(found[-1]["done"], len(runs[-1]["records"]), "records that were written")

    def ask(self, title, steps):
        """Carries steps out on both. Kafka answers a change before its broker works by it: what is described differently is
        asked again for a while."""
        with case(f"client-library: {title}"):
            found = zip(*self.run("admin", {"steps": [step for step, _ in steps]}), strict=True)
            for (step, known), told in zip(steps, found, strict=True):
                wanted = {"code": known.code} if isinstance(known, Refused) else known
                answers, overdue = list(map(answer, told)), time.monotonic() + 10
                while not alike(answers, wanted) and step["do"] in ASKING and time.monotonic() < overdue:
                    answers = [answer(told) for (told,) in self.run("admin", {"steps": [step]})]
                equal(answers[0], answers[1], f"answer of {step}")
                true(alike(answers, wanted), f"answer of {step}: {answers[0]} instead of {wanted}")


def made_anew(scene, strategy):
    """A member gives up a topic that is gone, and reads the next one of that name from its beginning."""
    topic, group = scene.topic("topic", partitions=2), scene.name("group")
    member = scene.member(group, topic, strategy)
    try:
        for number in (1, 2):
            shared_out([member], [2])
            scene.produce({"topic": topic, "records": numbered(5 * number)})
            seen = lambda: [each["offset"] for each in member.records()]  # noqa: E731
            expected = [*range(5), *range(10)][:5 if number == 1 else None]
            processes.wait_until(lambda: seen() == expected, 30, f"{expected} read")  # noqa: B023
            equal(scene.admin({"do": "delete_topic", "topic": topic}), [None], "the topic is deleted")
            shared_out([member], [0])
            if number == 1:
                scene.topic("topic", partitions=2)
        equal(member.errors(), [], "errors that the application was told of")
        member.leave()
    finally:
        scene.close()


def comes_back(scene):
    """A static member of the consumer protocol that leaves (KIP-848: epoch -2) finds its partitions when it comes back within
    its session, and nobody else notices."""
    topic, group = scene.topic("topic", partitions=6), scene.name("group")
    try:
        first, second = (scene.member(group, topic, "server", instance=name) for name in ("one", "two"))
        shared_out([first, second], [3, 3])
        had, told = second.owns(), len(first.assignments())
        second.leave()
        again = scene.member(group, topic, "server", instance="two")
        processes.wait_until(lambda: again.owns() == had, SESSION_MS / 1000, f"it owns {had} again")
        equal(len(first.assignments()), told, "how often the other member was assigned partitions")
        for member in (first, again):
            equal(member.errors(), [], "errors that the application was told of")
            member.leave()
    finally:
        scene.close()


def by_pattern(scene):
    """Topics by a pattern of RE2, whose names the member learns from the cluster; one that is no pattern ends the member."""
    topics = [scene.topic(name, partitions=2) for name in ("a", "b", "c")]
    try:
        member = patterned(scene, "group", f"{topics[0][:-1]}[ab]")
        shared_out([member], [4])
        equal({topic for topic, _ in member.owns()}, set(topics[:2]), "topics that fit")
        for topic in topics:
            scene.produce({"topic": topic, "records": numbered(3)})
        processes.wait_until(lambda: len(member.records()) == 6, 30, "what is in them is read")
        equal(member.errors(), [], "errors that the application was told of")
        member.leave()
        refused = patterned(scene, "refused", "(a")
        processes.wait_until(refused.errors, 30, "the application is told of an error")
        equal(refused.errors()[0]["code"], INVALID_REGULAR_EXPRESSION, "what it is told")
    finally:
        scene.close()


def patterned(scene, group, pattern):
    told = {"bootstrap": scene.node.bootstrap, "group": scene.name(group), "topics": [], "pattern": pattern, "instance": None,
            "strategy": "server", "session_ms": SESSION_MS, "heartbeat_ms": HEARTBEAT_MS, "commit": True}
    return Member(scene.start("member", told))


def alike(answers, wanted):
    return answers[0] == answers[1] and wanted in (ANYTHING, answers[0])


def answer(report):
    """An error counts by its number: the words are the broker's own."""
    return report["answer"] if "answer" in report else {"code": report["code"]}


def feature(name, level, direction, known=ANYTHING):
    return {"do": "update_feature", "feature": name, "level": level, "direction": direction, "validate": True}, known


def quota(entity, known=None, validate=False, **values):
    return {"do": "alter_quota", "entity": entity, "set": {key.replace("__", "."): value for key, value in values.items()},
            "validate": validate}, known


def quotas(match, known, strict=False):
    return {"do": "describe_quotas", "match": match, "strict": strict}, known


def setting(kind, name, known=None, validate=False, **values):
    return {"do": "alter_config", "kind": kind, "name": name, "validate": validate,
            "set": {key.replace("__", "."): value for key, value in values.items()}}, known


def settings(kind, name, keys, known):
    return {"do": "describe_config", "kind": kind, "name": name, "keys": keys}, known


CASES = [
    ("features", [
        ({"do": "features"}, ANYTHING),
        feature("no.such.feature", 1, "upgrade"),
        feature("metadata.version", 1000, "upgrade"),
        feature("metadata.version", 7, "upgrade"),
        feature("metadata.version", 0, "unsafe"),
    ]),
    ("quorum", [({"do": "quorum"}, {"leader": 1, "led": True, "voters": [[1, True, True]], "observers": []})]),
    ("quotas", [
        quotas({"user": "*"}, []),
        quota({"user": "ann"}, producer_byte_rate=1024.0, consumer_byte_rate=2048.0),
        quota({"user": "ann"}, Refused(INVALID_REQUEST), consumer_byte_rate=2048.5),
        quota({"user": "ann", "client-id": None}, producer_byte_rate=7.0),
        quota({"user": None}, request_percentage=50.0),
        quota({"ip": "10.0.0.1"}, connection_creation_rate=9.0),
        quota({"client-id": "never"}, None, True, producer_byte_rate=1.0),
        quotas({"user": "ann"}, ANYTHING),
        quotas({"user": "ann"}, [[{"user": "ann"}, {"consumer_byte_rate": 2048.0, "producer_byte_rate": 1024.0}]], strict=True),
        quotas({"user": None}, ANYTHING),
        quotas({"user": "*", "client-id": "*"}, ANYTHING),
        quotas({"client-id": "never"}, []),
        quotas({"ip": "*"}, [[{"ip": "10.0.0.1"}, {"connection_creation_rate": 9.0}]]),
        quota({"user": "ann"}, producer_byte_rate=None),
        quotas({"user": "ann"}, [[{"user": "ann"}, {"consumer_byte_rate": 2048.0}]], strict=True),
        quota({"user": "ann"}, Refused(INVALID_REQUEST), no_such_rate=1.0),
        quota({"nobody": "ann"}, Refused(INVALID_REQUEST), producer_byte_rate=1.0),
        quotas({"nobody": "ann"}, ANYTHING),
    ]),
    ("SCRAM credentials", [
        ({"do": "scram"}, {}),
        ({"do": "scram", "users": ["ann", "bob"]}, {"ann": {"code": 91}, "bob": {"code": 91}}),
    ]),
    ("reassignments", [
        ({"do": "reassignments", **TOPIC}, [0, 0]),
        ({"do": "reassign", **TOPIC, "to": [1]}, None),
        ({"do": "reassign", **TOPIC, "to": [7]}, Refused(39)),
        ({"do": "reassign", **TOPIC, "to": []}, Refused(39)),
        ({"do": "reassign", **TOPIC, "to": None}, Refused(NO_REASSIGNMENT_IN_PROGRESS)),
        ({"do": "reassign", **NOWHERE, "to": [1]}, Refused(UNKNOWN_TOPIC)),
    ]),
    ("elections", [
        ({"do": "elect", "type": "preferred", **TOPIC}, Refused(84)),
        ({"do": "elect", "type": "unclean", **TOPIC}, Refused(84)),
        ({"do": "elect", "type": "preferred", **NOWHERE}, Refused(UNKNOWN_TOPIC)),
        ({"do": "elect", "type": "preferred"}, 0),
    ]),
    ("producers", [
        ({"do": "producers", **TOPIC}, [[True, 0, 4, False]]),
        ({"do": "producers", "topic": "t", "partition": 1}, []),
        ({"do": "producers", **NOWHERE}, Refused(UNKNOWN_TOPIC)),
    ]),
    ("log directories", [
        ({"do": "log_dirs", "node": 1, **TOPIC}, [[True, True, [["t", 0, True, 0, False]], True]]),
        ({"do": "log_dirs", "node": 1, **NOWHERE}, [[True, True, [], False]]),
    ]),
    ("deleted records", [
        ({"do": "delete_records", **TOPIC, "before": 2}, 2),
        ({"do": "delete_records", **TOPIC, "before": 1}, ANYTHING),
        ({"do": "delete_all_records", **TOPIC}, 5),
        ({"do": "delete_records", **NOWHERE, "before": 1}, Refused(UNKNOWN_TOPIC)),
        ({"do": "delete_records", "topic": "t", "partition": 9, "before": 1}, ANYTHING),
    ]),
    ("settings of every kind", [
        setting("topic", "t", max__message__bytes="100000"),
        setting("topic", "t", None, True, max__message__bytes="7"),
        settings("topic", "t", ["max.message.bytes"], {"max.message.bytes": "100000"}),
        setting("broker", "1", log__cleaner__threads="2"),
        setting("broker", "", message__max__bytes="2000000"),
        settings("broker", "1", ["log.cleaner.threads", "node.id"], {"log.cleaner.threads": "2", "node.id": "1"}),
        setting("broker", "1", Refused(INVALID_REQUEST), node__id="2"),
        setting("group", "g", consumer__session__timeout__ms="50000"),
        settings("group", "g", ["consumer.session.timeout.ms"], {"consumer.session.timeout.ms": "50000"}),
        ({"do": "config_resources", "kinds": ["topic"]}, ANYTHING),
        ({"do": "config_resources", "kinds": ["broker"]}, ANYTHING),
        ({"do": "config_resources", "kinds": ["group", "client-metrics"]}, ["group g"]),
        ({"do": "config_resources", "kinds": []}, ANYTHING),
    ]),
    ("groups from outside", [
        ({"do": "commit_offset", "group": "outside", **TOPIC, "offset": 3}, None),
        ({"do": "commit_offset", "group": "outside", **NOWHERE, "offset": 3}, Refused(UNKNOWN_TOPIC)),
        ({"do": "group_offsets", "group": "outside"}, [["t", 0, 3]]),
        ({"do": "group_offsets", "group": "never heard of"}, []),
        ({"do": "describe_group", "group": "never heard of"}, Refused(69)),
        ({"do": "delete_offset", "group": "never heard of", **TOPIC}, Refused(69)),
        ({"do": "delete_offset", "group": "outside", **NOWHERE}, ANYTHING),
        ({"do": "delete_offset", "group": "outside", **TOPIC}, None),
    ]),
    ("brokers", [
        ({"do": "unregister", "node": 77}, Refused(102)),
        ({"do": "log_dirs", "node": 1, "topic": "t", "partition": 1}, [[True, True, [["t", 1, False, 0, False]], True]]),
    ]),
]
