"""Administration: topics, partitions, settings, offsets, the cluster, groups."""

import time

from harness import processes
from harness.checks import equal, true
from harness.scenario import Lacking, numbered

BASE_TIME = 1_700_000_000_000


def administration(scene):
    """Creates, describes, widens and deletes topics; alters settings; lists offsets; deletes records; the cluster."""
    topic = scene.name("made")
    two = {"partitions": 2, "leaders": [1], "replicas": [1]}
    expect(scene, [
        ({"do": "create_topic", "topic": topic, "partitions": 2, "configs": {"retention.ms": "-1"}}, None),
        ({"do": "describe_topic", "topic": topic}, two),
    ])
    settings = {"retention.ms": "-1", "max.message.bytes": "123456"}
    expect(scene, [
        ({"do": "create_partitions", "topic": topic, "total": 4}, None),
        ({"do": "alter_config", "topic": topic, "set": settings}, None),
        ({"do": "describe_topic", "topic": topic}, {**two, "partitions": 4}),
        ({"do": "describe_config", "topic": topic, "keys": [*settings, "cleanup.policy"]},
         {**settings, "cleanup.policy": "delete"}),
    ])
    listed, cluster = scene.admin({"do": "list_topics"}, {"do": "cluster"})
    true(listed is Lacking or topic in listed, "the new topic is listed")
    if cluster is not Lacking:
        equal(cluster["brokers"], [[1, scene.node.port]], "brokers")
        true(cluster["controller"] in (1, None), f"controller {cluster['controller']}; null where the library does not tell")
        true(cluster["id"] is None or len(cluster["id"]) == 22, f"cluster id {cluster['id']}")

    records = [{**each, "timestamp": BASE_TIME + 10 * at} for at, each in enumerate(numbered(10))]
    scene.produce({"topic": topic, "records": records})
    place = {"topic": topic, "partition": 0}
    expect(scene, [
        ({"do": "list_offset", **place, "at": "earliest"}, 0),
        ({"do": "list_offset", **place, "at": "latest"}, 10),
        ({"do": "list_offset", **place, "at": BASE_TIME + 41}, 5),
        ({"do": "list_offset", **place, "at": BASE_TIME + 1000}, -1 if scene.has("late times") else 10),
    ])
    expect(scene, [
        ({"do": "delete_records", **place, "before": 4}, 4),
        ({"do": "list_offset", **place, "at": "earliest"}, 4 if scene.has("delete_records") else 0),
    ])
    expect(scene, [({"do": "delete_topic", "topic": topic}, None)])
    if scene.has("list_topics"):
        gone = lambda: topic not in scene.admin({"do": "list_topics"})[0]  # noqa: E731
        processes.wait_until(gone, 10, "the deleted topic is gone from the list")


def group_administration(scene):
    """Commits for a group from outside; lists, describes and deletes groups and offsets; unknown groups."""
    topic, group = scene.topic("topic", partitions=2), scene.name("group")
    member = scene.member(group, topic, commit=False)
    member.program.wait(lambda reports: len(member.owns()) == 2, 40, "the member owns both partitions")
    listed, described, deleted = scene.admin(
        {"do": "list_groups"}, {"do": "describe_group", "group": group}, {"do": "delete_group", "group": group})
    true(listed is Lacking or group in listed, f"the group is listed: {listed}")
    if described is not Lacking:
        equal(described, {"state": "Stable", "members": 1}, "the group with a member")
    if deleted is not Lacking:
        equal(deleted["code"], 68, f"error of deleting a group with members (NON_EMPTY_GROUP): {deleted}")
    member.leave()

    commit = {"do": "commit_offset", "group": group, "topic": topic}
    offsets = {"do": "group_offsets", "group": group}
    if scene.has("commit_offset"):
        expect(scene, [({**commit, "partition": 0, "offset": 5}, None), ({**commit, "partition": 1, "offset": 6}, None),
                       (offsets, [[topic, 0, 5], [topic, 1, 6]])])
    described, removed, left = scene.admin({"do": "describe_group", "group": group},
                                           {"do": "delete_offset", "group": group, "topic": topic, "partition": 0}, offsets)
    if described is not Lacking:
        equal(described, {"state": "Empty", "members": 0}, "the group without members")
    if removed is not Lacking:
        equal(removed, None, "an offset is deleted")
        equal(left, [[topic, 1, 6]], "offsets that are left")
    deleted, listed, again = scene.admin(
        {"do": "delete_group", "group": group}, {"do": "list_groups"}, {"do": "delete_group", "group": group})
    if deleted is not Lacking:
        equal(deleted, None, "a group without members is deleted")
        true(listed is Lacking or group not in listed, "the deleted group is gone from the list")
        equal(again["code"], 69, f"error of deleting an unknown group (GROUP_ID_NOT_FOUND): {again}")


def expect(scene, steps):
    """Carries steps out; each answer has to be the one beside it, but for what the client cannot do.

    Kafka answers a change before its broker works by it. What is asked after a change, and not answered as expected,
    is therefore asked again for a while.
    """
    for (step, expected), found in zip(steps, scene.admin(*(step for step, _ in steps))):
        overdue = time.monotonic() + 10
        while found not in (expected, Lacking) and step["do"].startswith(("describe", "list")) and time.monotonic() < overdue:
            (found,) = scene.admin(step)
        if found is not Lacking:
            equal(found, expected, f"answer of {step}")
