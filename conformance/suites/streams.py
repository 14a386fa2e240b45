"""Kafka Streams: its own smoke tests judge what their applications made of the records of their drivers.

StreamsSmokeTest aggregates, joins, suppresses and repartitions; RelationalSmokeTest joins tables by foreign keys. While
the driver produces, the application is stopped or killed and another one goes on, or the node is killed.
"""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor

from harness import maven, processes, wire
from harness.checks import case, true
from harness.programs import Program

PROJECT = maven.Project("streams")
TOPICS = ("data", "echo", "max", "min", "min-suppressed", "min-raw", "dif", "sum", "sws-raw", "sws-suppressed", "cnt", "avg", "tagg", "fk")
RELATIONAL_TOPICS = {"in-article": 3, "in-comment": 5, "out-augmented-article": 3, "out-augmented-comment": 5}
ONCE, AT_LEAST = "exactly_once_v2", "at_least_once"
OVERRIDES = {"group.initial.rebalance.delay.ms": 0, "offsets.topic.num.partitions": 10, "transaction.state.log.num.partitions": 10}
SECONDS = 400
SIDE_BY_SIDE = 3
# RocksDB may take a second to close each of its stores, and the application gives all of them a minute.
STORES = "org.apache.kafka.streams.state.BuiltInDslStoreSuppliers$InMemoryDslStoreSuppliers"
IN_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None


def run(world):
    with case("the smoke tests are built"):
        PROJECT.build()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        tests = [side_by_side.submit(relational_test, world)]
        tests += [side_by_side.submit(smoke_test, world, *test) for test in DISTURBANCES[:2 if world.quick else None]]
        for test in tests:
            test.result()


def smoke_test(world, guarantee, title, disturb):
    """The driver's own verdict on an application that was disturbed while the driver produced."""
    keys, records, seconds = world.amount((20, 1000, 90), (10, 200, 8))
    with case(f"StreamsSmokeTest, {guarantee}: {title}"), Scene(world, guarantee) as scene:
        scene.topics(dict.fromkeys(TOPICS, 5))
        scene.start_smoke_application()
        driver = scene.started("SmokeTests", scene.node.bootstrap, keys, records, seconds, guarantee, verb="drive")
        hears(driver, f" {keys * records // 300 * 100} records produced")
        hears(scene.application, "processed")
        disturb(scene)
        true(not said(driver, "Result Verification"), "the driver was still at work")
        driver.finish(SECONDS)
        scene.stop()
        verdict = [report["noise"].strip() for report in driver.reports]
        true("ALL-RECORDS-DELIVERED" in verdict and "SUCCESS" in verdict, f"the verdict: {driver.last_words()}")
        if guarantee == ONCE:
            true("PROCESSED-MORE-THAN-GENERATED" not in verdict, f"no record counts twice: {driver.last_words()}")


def relational_test(world):
    """The driver's own verdict on an application that is killed and goes on with the state that it had."""
    articles, comments, seconds = world.amount((1000, 10_000, 60), (100, 1000, 15))
    with case(f"RelationalSmokeTest, {ONCE}: the application is killed and started again"), Scene(world, ONCE) as scene:
        scene.topics(RELATIONAL_TOPICS)
        scene.start_relational_application()
        driver = scene.started("SmokeTests", scene.node.bootstrap, articles, comments, seconds, verb="drive-relational")
        joined = lambda: sum(wire.end_offsets(scene.node.port, "out-augmented-comment", 5))  # noqa: E731
        processes.wait_until(lambda: joined() > comments // 20, 120, "comments joined", alive=scene.application.process)
        true(not said(driver, "produced"), "the driver was still producing")
        scene.application.kill()
        scene.start_relational_application()
        driver.finish(SECONDS)
        true(said(driver, "PASSED"), f"the verdict: {driver.last_words()}")


class Scene:
    """A node, and the application that works there with a guarantee."""

    def __init__(self, world, guarantee):
        self.world, self.guarantee = world, guarantee
        self.node = world.Node(overrides=OVERRIDES)
        self.state = tempfile.TemporaryDirectory(prefix="milena-streams-", dir=IN_MEMORY, ignore_cleanup_errors=True)
        self.programs = []

    def __enter__(self):
        self.node.start()
        return self

    def __exit__(self, *failure):
        for program in self.programs:
            program.kill()
        self.node.__exit__(*failure)
        self.state.cleanup()

    def topics(self, partitions):
        for topic, count in partitions.items():
            wire.create_topic(self.node.port, topic, count, {})

    def started(self, main, *arguments, verb):
        """A program of the project, with its verb as the last argument."""
        jvm = [f"-Djava.io.tmpdir={self.state.name}", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        self.programs.append(Program(PROJECT.java(main, *arguments, jvm=jvm), verb, {}))
        return self.programs[-1]

    def start_smoke_application(self):
        """An application whose state begins empty: what it has to know of its predecessor stands in the node."""
        settings = {"bootstrap.servers": self.node.bootstrap, "processing.guarantee": self.guarantee, "commit.interval.ms": 200,
                    "session.timeout.ms": 6000, "heartbeat.interval.ms": 1000,
                    "dsl.store.suppliers.class": STORES}
        file = self.node.scratch / "streams.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        self.application = self.started("org.apache.kafka.streams.tests.StreamsSmokeTest", file, verb="process")
        hears(self.application, "REBALANCING -> RUNNING")

    def start_relational_application(self):
        """An application with the state that its predecessor left, in RocksDB."""
        state = f"{self.state.name}/relational"
        self.application = self.started("SmokeTests", self.node.bootstrap, self.guarantee, state, verb="run-relational")
        hears(self.application, "REBALANCING -> RUNNING")

    def stop(self):
        """Stops the application of the smoke test, which then says whether all went well."""
        processes.stop(self.application.process, 120)
        hears(self.application, "SMOKE-TEST-CLIENT-CLOSED")
        true(not said(self.application, "SMOKE-TEST-CLIENT-EXCEPTION"), f"no exception: {self.application.last_words()}")

    def replace_stopped(self):
        self.stop()
        self.start_smoke_application()

    def replace_killed(self):
        self.application.kill()
        self.start_smoke_application()

    def restart_node(self):
        self.node.kill()
        self.node.start()


# The first two are the quick amount.
DISTURBANCES = [
    (ONCE, "the application is killed and another one goes on", Scene.replace_killed),
    (AT_LEAST, "the application is stopped and another one goes on", Scene.replace_stopped),
    (ONCE, "the application is stopped and another one goes on", Scene.replace_stopped),
    (ONCE, "the node is killed and started again", Scene.restart_node),
    (AT_LEAST, "the application is killed and another one goes on", Scene.replace_killed),
    (AT_LEAST, "the node is killed and started again", Scene.restart_node),
]


def said(program, words):
    return any(words in report["noise"] for report in program.reports)


def hears(program, words, seconds=90):
    """Waits until a program has said these words."""
    program.wait(lambda reports: any(words in report["noise"] for report in reports), seconds, words)
