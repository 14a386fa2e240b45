"""Applications of Spring: Spring for Apache Kafka (spring/kafka) and Spring Cloud Bus (spring/bus), built by Maven.

What an application has seen it reports itself; what is in the topics kcat tells.
"""

import contextlib
from concurrent.futures import ThreadPoolExecutor

from harness import kafka, kcat, maven, processes, wire
from harness.checks import Mismatch, case, equal, true
from harness.programs import Program

APPLICATION, BUS = maven.Project("spring/kafka"), maven.Project("spring/bus")
OVERRIDES = {"group.initial.rebalance.delay.ms": 0, "offsets.topic.num.partitions": 10, "transaction.state.log.num.partitions": 10}


def run(world):
    with case("the applications are built"):
        APPLICATION.build()
        BUS.build()
    with ThreadPoolExecutor(2) as side_by_side:
        for application in [side_by_side.submit(on_a_node, world, scenario) for scenario in (spring_kafka, spring_bus)]:
            application.result()


def on_a_node(world, scenario):
    with world.Node(overrides=OVERRIDES) as node:
        scenario(world, node)


def spring_kafka(world, node):
    wire.create_topic(node.port, "plain", 2, {})
    application = started(node)
    with case("Spring Boot starts with all its listeners"):
        reported(application, 90, "done", ["all"])
    administered(node)
    ledger(node, application)
    listened(node, application)
    retried(node, application)
    processed(node, application)
    killed(world, node, application)


def started(node, *settings):
    return Program(APPLICATION.java("application.Application", f"--spring.kafka.bootstrap-servers={node.bootstrap}", *settings), "run", {})


def reported(program, seconds, key, expected):
    """Waits until all expected words were reported under a key."""
    found = lambda reports: set(expected) <= {report.get(key) for report in reports}  # noqa: E731
    program.wait(found, seconds, f"{key}: {expected}"[:200])


def administered(node):
    with case("KafkaAdmin has made its topics, widened one that was there, and altered its settings"):
        text = kafka.tool("kafka-topics", "--bootstrap-server", node.bootstrap, "--describe")
        found = {words[1]: words[5] for words in (line.split() for line in text.splitlines()) if "PartitionCount:" in words}
        wanted = {"plain": "6", **dict.fromkeys(("input", "output", "input-dlt", "flaky", "ledger", "flaky-retry-0", "flaky-retry-1", "flaky-dlt"), "3")}
        equal({topic: found.get(topic) for topic in wanted}, wanted, "partitions by topic")
        true("retention.ms=7200000" in text, f"the altered setting: {text}")


def committed(node, topic):
    """The values of a topic that are not aborted, sorted."""
    return sorted(line.decode() for line in kcat.consume(node, topic, "-o", "beginning", "-X", "isolation.level=read_committed"))


def everything(node, topic):
    return sorted(line.decode() for line in kcat.consume(node, topic, "-o", "beginning", "-X", "isolation.level=read_uncommitted"))


def ledger(node, application):
    with case("executeInTransaction and KafkaTransactionManager: what failed or was rolled back is not there"):
        outcomes = {report["done"]: report["outcome"] for report in application.reports if "done" in report}
        equal({what for what, outcome in outcomes.items() if outcome == "threw"},
              {"executeInTransaction, failing", "KafkaTransactionManager, failing"}, "what failed")
        expected = [f"{word}-{partition}" for word in ("executed", "managed") for partition in range(3)]
        equal(committed(node, "ledger"), expected, "committed")
        undone = [f"{word}-{partition}" for word in ("execution-failed", "management-failed", "rolled-back") for partition in range(3)]
        equal(everything(node, "ledger"), sorted(expected + undone), "written")


def listened(node, application):
    with case("a listener container of three consumers hears every record once, on all three"):
        application.wait(shares, 60, "all three consumers have partitions")
        values = [f"plain-{number}" for number in range(600)]
        kcat.produce(node, "plain", [f"{value}:{value}".encode() for value in values], "-K:")
        reported(application, 60, "value", values)
        heard = [report for report in application.reports if report.get("listener") == "plain"]
        equal(sorted(report["value"] for report in heard), sorted(values), "heard")
        equal(len({report["thread"] for report in heard}), 3, "threads")


def shares(reports):
    """The partitions that each thread of the container has been given, where all have their share of the six."""
    latest = {report["thread"]: report["assigned"] for report in reports if report.get("thread", "").startswith("plain-") and "assigned" in report}
    fair = all(assigned.count("plain-") == 2 for assigned in latest.values()) and len(set(latest.values())) == 3
    return latest if fair else {}


def retried(node, application):
    with case("@RetryableTopic: by way of its retry topics to the listener again, or to the dead-letter topic"):
        kcat.produce(node, "flaky", [b"well", b"stumbles", b"poison"])
        reported(application, 60, "listener", ["dead"])
        heard = lambda: sorted((r["listener"], r["topic"], r["value"]) for r in application.reports if r.get("listener") in ("flaky", "dead"))  # noqa: E731
        expected = [("dead", "flaky-dlt", "poison"), ("flaky", "flaky", "poison"), ("flaky", "flaky", "stumbles"), ("flaky", "flaky", "well"),
                    ("flaky", "flaky-retry-0", "poison"), ("flaky", "flaky-retry-0", "stumbles"), ("flaky", "flaky-retry-1", "poison")]
        equal(heard(), expected, "heard")
        equal(committed(node, "flaky-dlt"), ["poison"], "the dead-letter topic")


def processed(node, application):
    with case("consume, process, produce in the container's transaction: once, also after failures; what never succeeds is a dead letter"):
        values = [f"good-{number}" for number in range(100)] + [f"stumbles-{number}" for number in range(5)] + ["poison"]
        kcat.produce(node, "input", [value.encode() for value in values])
        arrived = lambda: len(committed(node, "output")) >= 105 and committed(node, "input-dlt")  # noqa: E731
        processes.wait_until(arrived, 60, "all were processed", alive=application.process, pause=0.5)
        equal(committed(node, "output"), sorted(values[:-1]), "processed")
        equal(committed(node, "input-dlt"), ["poison"], "dead letters")
        attempts = [value for value in everything(node, "output") if value == "poison" or value == "stumbles-0"]
        equal(attempts, ["poison"] * 3 + ["stumbles-0"] * 2, "attempts that were written and aborted")


def killed(world, node, application):
    """The application dies with a transaction open; the next one goes on behind the last that was committed."""
    count = world.amount(10_000, 500)
    with case(f"the application is killed while it processes {count} records: each is in the output once"):
        before = committed(node, "output")
        values = [f"then-{number}" for number in range(count)]
        kcat.produce(node, "input", [value.encode() for value in values])
        ends = lambda: sum(wire.end_offsets(node.port, "output", 3))  # noqa: E731
        some = ends() + count // 10
        processes.wait_until(lambda: ends() > some, 60, "some were processed", alive=application.process)
        application.kill()
        true(len(committed(node, "output")) < len(before) + count, "some were left")
        successor = started(node)
        lag = lambda: len(committed(node, "output")) >= len(before) + count  # noqa: E731
        processes.wait_until(lag, 120, "all were processed", alive=successor.process, pause=0.5)
        processes.stop(successor.process, 60)
        equal(committed(node, "output"), sorted(before + values), "processed")


def spring_bus(_, node):
    one, two = member(node, "one"), member(node, "two")
    with case("Spring Cloud Bus: two instances start and hear of each other"):
        for instance in (one, two):
            reported(instance, 90, "ready", [True])
        meet(one, two)
        meet(two, one)
    with case("an event is heard by all, or by whom it is for, in order"):
        one.tell("three three-0")
        for number in range(50):
            one.tell(f"** all-{number}")
            one.tell(f"two two-{number}")
            two.tell(f"one one-{number}")
        for instance, other in ((one, "one"), (two, "two")):
            reported(instance, 60, "heard", ["all-49", f"{other}-49"])
            heard = [report["heard"] for report in instance.reports if "heard" in report]
            for words in ("all", other):
                equal([each for each in heard if each.startswith(words)], [f"{words}-{number}" for number in range(50)], f"{words}, heard by {other}")
        equal([report["heard"] for report in two.reports if report.get("heard", "").startswith("three")], [], "heard, and not for it")
    with case("the bus goes on after the node was killed"):
        node.kill()
        node.start()
        one.tell("** again")
        two.tell("** and again")
        for instance in (one, two):
            reported(instance, 90, "heard", ["again", "and again"])
    for instance in (one, two):
        processes.stop(instance.process, 60)


def member(node, name):
    settings = [f"--spring.cloud.stream.kafka.binder.brokers={node.bootstrap}", f"--spring.cloud.bus.id={name}"]
    return Program(BUS.java("application.Application", *settings), "run", {})


def meet(speaker, listener):
    """Speaks until it is heard: a member hears what is said from the time on when it was given its partition."""
    for attempt in range(60):
        words = f"hello-{attempt}"
        speaker.tell(f"** {words}")
        with contextlib.suppress(Mismatch):
            return reported(listener, 1, "heard", [words])
    raise Mismatch(f"it never heard of the other: {listener.last_words()}")
