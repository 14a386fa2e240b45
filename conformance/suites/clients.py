"""The same scenarios with every client library: what each program reports is judged here, in one place.

MILENA_CLIENTS names the clients to run, and MILENA_SCENARIOS the scenarios, when it should not be all of them.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import scenarios
from harness import results
from harness.checks import case
from harness.clients import CLIENTS
from harness.scenario import HEARTBEAT_MS, SESSION_MS, Scene

SIDE_BY_SIDE = 3
SETTINGS = {"group.initial.rebalance.delay.ms": 0, "group.min.session.timeout.ms": 1000, "auto.create.topics.enable": "false",
            "group.consumer.min.session.timeout.ms": 1000, "group.consumer.session.timeout.ms": SESSION_MS,
            "group.consumer.min.heartbeat.interval.ms": 100, "group.consumer.heartbeat.interval.ms": HEARTBEAT_MS,
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": 200}


def run(world):
    if os.environ.get("MILENA_CLIENTS") or os.environ.get("MILENA_SCENARIOS"):
        results.partial.add("clients")
    chosen = [client for client in CLIENTS if asked_for("MILENA_CLIENTS", client.name)]
    for client in chosen:
        with case(f"{client.name} {client.version}: the program is built"):
            client.build()
    with world.Node(overrides=SETTINGS) as node, ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        for done in [side_by_side.submit(all_scenarios, world, node, client) for client in chosen]:
            done.result()


def asked_for(variable, name):
    names = os.environ.get(variable)
    return not names or name in names.split(",")


def all_scenarios(world, node, client):
    for name, scenario, ability in scenarios.ALL:
        if not asked_for("MILENA_SCENARIOS", name):
            continue
        if ability in client.lacks:
            results.cell(client, name, results.CANNOT, client.lacks[ability])
            continue
        outcome, reason = results.FAILED, ""
        with case(f"{client.name}: {name}"):
            scene = Scene(world, node, client, name)
            try:
                scenario(scene)
                outcome, reason = results.PASSED, scene.left_out()
            finally:
                scene.close()
        results.cell(client, name, outcome, reason)
