"""Pipelines read, process and write in transactions while their node is killed with kill -9 every 15 to 30 seconds.

Pipelines of Java and of librdkafka, in groups of both protocols, some instances each; every fifth transaction is aborted
on purpose, and now and then a pipeline is killed along with the node. Every record of the input is in each output exactly
once as read_committed sees it, no transaction is seen in part, and half a minute after the last kill the last stable
offset of every partition is its high watermark, and every group has committed the end of the input.
"""

import random
import time

from harness import kcat, processes, wire
from harness.checks import Mismatch, case, equal
from harness.clients import CLIENTS
from harness.lanes import HEARTBEAT_MS, SESSION_MS, Lane
from suites.crash import Feeder

SEED = 7
INPUT = "input"
PARTITIONS = 3
INTERNAL = {"__consumer_offsets": 4, "__transaction_state": 4}
LANES = [("java", "range"), ("java", "server"), ("confluent-kafka", "range"), ("confluent-kafka", "server")]
RECORDS_PER_SECOND = 200
SECONDS_TO_RECOVER = 30
OVERRIDES = {
    "offsets.topic.num.partitions": INTERNAL["__consumer_offsets"],
    "transaction.state.log.num.partitions": INTERNAL["__transaction_state"],
    "group.initial.rebalance.delay.ms": 0,
    "group.consumer.min.session.timeout.ms": SESSION_MS,
    "group.consumer.session.timeout.ms": SESSION_MS,
    "group.consumer.min.heartbeat.interval.ms": HEARTBEAT_MS,
    "group.consumer.heartbeat.interval.ms": HEARTBEAT_MS,
    "auto.create.topics.enable": "false",
}


def run(world):
    seconds, between = world.amount((600, (15, 30)), (30, (8, 12)))
    with world.Node(overrides=OVERRIDES) as node:
        for topic in (INPUT, *(f"output-{library}-{strategy}" for library, strategy in LANES)):
            wire.create_topic(node.port, topic, PARTITIONS, {"retention.ms": -1})
        lanes = [Lane(node, library, strategy, INPUT, PARTITIONS) for library, strategy in LANES]
        try:
            under_fire(node, lanes, seconds, between)
        finally:
            for lane in lanes:
                lane.close()


def under_fire(node, lanes, seconds, between):
    feeder = Feeder(node, INPUT, RECORDS_PER_SECOND)
    with case(f"{len(lanes)} pipelines begin to work"):
        processes.wait_until(lambda: all(lane.ready() for lane in lanes), 60, "every producer has its id")
        processes.wait_until(lambda: all(ends(node, lane.output) for lane in lanes), 60, "every pipeline has written")
    with case(f"the node is killed every {between[0]} to {between[1]} s for {seconds} s, under load"):
        kills = fire(node, lanes, seconds, between)
    began = time.monotonic()
    with case(f"within {SECONDS_TO_RECOVER} s of the last kill all is read, and no last stable offset stands still"):
        feeder.finish()
        try:
            processes.wait_until(lambda: not behind(node, lanes), SECONDS_TO_RECOVER, "nothing is behind")
        except processes.Overdue as overdue:
            words = [lane.program.last_words() for lane in lanes]
            raise Mismatch("\n       ".join([f"{overdue}: {behind(node, lanes)}", *words])) from None
        print(f"       {kills} kills; nothing is behind after {time.monotonic() - began:.1f} s", flush=True)
    with case("the pipelines end well"):
        for lane in lanes:
            lane.leave()
    source = [tuple(line.decode().split()) for line in kcat.consume(node, INPUT, format="%p %o %s\\n")]
    with case("every number that was sent is in the input once"):
        equal(sorted(int(number) for _, _, number in source), list(range(feeder.sent)), "numbers")
    for lane in lanes:
        with case(f"{lane.name}: every record of the input is in the output exactly once"):
            lane.exactly_once(source)
        with case(f"{lane.name}: every transaction is seen whole or not at all"):
            seen, doomed = lane.whole()
            errors, producers = lane.troubles()
            print(f"       {len(source)} records; {seen} transactions seen, {doomed} aborted on purpose; "
                  f"{errors} errors reported, {producers} producers made", flush=True)


def fire(node, lanes, seconds, between):
    """Kills the node again and again, and now and then a pipeline with it; returns how often."""
    chance = random.Random(SEED)
    until, kills = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        time.sleep(chance.uniform(*between))
        node.kill()
        if kills % 3 == 1:
            lanes[kills // 3 % len(lanes)].killed()
        node.start()
        kills += 1
    return kills


def ends(node, topic):
    """Whether something is in a topic."""
    return sum(wire.end_offsets(node.port, topic, PARTITIONS)) > 0


def behind(node, lanes):
    """Last stable offsets below their high watermarks, and groups that have not committed the end of the input."""
    topics = {INPUT: PARTITIONS, **{lane.output: PARTITIONS for lane in lanes}, **INTERNAL}
    found = {}
    for topic, partitions in topics.items():
        stable = wire.end_offsets(node.port, topic, partitions, committed=True)
        high = wire.end_offsets(node.port, topic, partitions)
        if stable != high or -1 in high:
            found[topic] = f"stable {stable}, high watermarks {high}"
    if found:
        return found
    wanted = [[INPUT, partition, end] for partition, end in enumerate(wire.end_offsets(node.port, INPUT, PARTITIONS))]
    client = next(client for client in CLIENTS if client.name == "confluent-kafka")
    steps = [{"do": "group_offsets", "group": lane.group} for lane in lanes]
    reports = client.run("admin", {"bootstrap": node.bootstrap, "steps": steps})
    committed = [report.get("answer", report) for report in reports]
    return {lane.group: f"{offsets}, not {wanted}" for lane, offsets in zip(lanes, committed) if offsets != wanted}
