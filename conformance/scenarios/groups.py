"""Consumer groups of both protocols: members come, go, die and fall asleep."""

import collections

from harness import kcat, processes
from harness.checks import Mismatch, equal, true
from harness.scenario import SESSION_MS, shared_out

PARTITIONS = 6
SESSION = SESSION_MS / 1000


def feed(scene, topic, numbers):
    """Puts numbers on a topic, one partition after the other."""
    for partition in range(PARTITIONS):
        lines = [str(number).encode() for number in numbers if number % PARTITIONS == partition]
        kcat.produce(scene.node, topic, lines, "-p", partition)


def seen(members):
    """How often each record was seen, by partition and offset."""
    return collections.Counter((each["partition"], each["offset"]) for member in members for each in member.records())


def all_seen(members, total):
    """Waits until so many different records were seen."""
    try:
        processes.wait_until(lambda: len(seen(members)) == total, 40, f"{total} records seen")
    except processes.Overdue as overdue:
        words = [member.program.last_words()[-400:] for member in members]
        raise Mismatch("\n       ".join([f"{overdue}, but {len(seen(members))}", *words])) from None


def coming_and_going(scene, strategy=None):
    """Three eager members: one leaves, one joins, one is killed, one is paused longer than its session and wakes."""
    topic, group = scene.topic("topic", PARTITIONS), scene.name("group")
    strategy = strategy or scene.client.eager
    first, second, third = (scene.member(group, topic, strategy) for _ in range(3))
    shared_out([first, second, third], [2, 2, 2])
    feed(scene, topic, range(60))
    all_seen([first, second, third], 60)
    equal(max(seen([first, second, third]).values()), 1, "how often a record was seen before anybody left")

    third.leave()
    shared_out([first, second], [3, 3])
    fourth = scene.member(group, topic, strategy)
    shared_out([first, second, fourth], [2, 2, 2])
    second.kill()
    shared_out([first, fourth], [3, 3], seconds=SESSION + 30)
    fourth.pause()
    shared_out([first], [6], seconds=SESSION + 30)
    feed(scene, topic, range(60, 120))
    all_seen([first, second, third, fourth], 120)
    fourth.resume()
    shared_out([first, fourth], [3, 3], seconds=SESSION + 30)
    feed(scene, topic, range(120, 180))
    everybody = [first, second, third, fourth]
    all_seen(everybody, 180)
    if scene.has("told of commits"):
        ends = {partition: 30 for partition in range(PARTITIONS)}
        processes.wait_until(lambda: newest(first, fourth) == ends, 20, "all is committed")
    first.leave()
    fourth.leave()


def newest(*members):
    """The highest offset that any member committed, by partition."""
    highest = {}
    for member in members:
        for partition, offset in member.committed().items():
            highest[partition] = max(offset, highest.get(partition, 0))
    return highest


def cooperative(scene, strategy="cooperative"):
    """Three cooperative members: who stays keeps what it may keep while others join, leave and die."""
    topic, group = scene.topic("kept", PARTITIONS), scene.name("keepers")
    first = scene.member(group, topic, strategy)
    shared_out([first], [6])
    second = scene.member(group, topic, strategy)
    shared_out([first, second], [3, 3])
    third = scene.member(group, topic, strategy)
    shared_out([first, second, third], [2, 2, 2])
    true(all(first.assignments()[1:]), f"the first member was never without partitions: {first.assignments()}")
    feed(scene, topic, range(60))
    all_seen([first, second, third], 60)
    equal(max(seen([first, second, third]).values()), 1, "how often a record was seen")
    kept = [first.owns(), second.owns()]
    third.leave()
    shared_out([first, second], [3, 3])
    true(kept[0] <= first.owns() and kept[1] <= second.owns(), "who stayed kept what it had")
    second.kill()
    shared_out([first], [6], seconds=SESSION + 30)
    first.leave()


def server_assigned(scene):
    """The lives of both kinds of members, with the consumer protocol: what the broker assigns."""
    coming_and_going(scene, "server")
    cooperative(scene, "server")


def changing_protocols(scene):
    """A classic group becomes one of the consumer protocol when such a member joins, and a classic one again when the last
    of them leaves; nobody has to stop for it."""
    topic, group = scene.topic("topic", PARTITIONS), scene.name("group")
    first = scene.member(group, topic, "cooperative")
    shared_out([first], [6])
    feed(scene, topic, range(60))
    all_seen([first], 60)
    second = scene.member(group, topic, "server")
    shared_out([first, second], [3, 3])
    third = scene.member(group, topic, "cooperative")
    shared_out([first, second, third], [2, 2, 2])
    feed(scene, topic, range(60, 120))
    everybody = [first, second, third]
    all_seen(everybody, 120)
    second.leave()
    shared_out([first, third], [3, 3])
    first.leave()
    shared_out([third], [6])
    feed(scene, topic, range(120, 180))
    all_seen(everybody, 180)
    equal(max(seen(everybody).values()), 1, "how often a record was seen")
    third.leave()


def static_members(scene):
    """Two static members: one starts again within its session and nobody else notices; its double is fenced."""
    topic, group = scene.topic("topic", PARTITIONS), scene.name("group")
    first = scene.member(group, topic, scene.client.eager, instance="one")
    second = scene.member(group, topic, scene.client.eager, instance="two")
    shared_out([first, second], [3, 3])
    had, told = second.owns(), len(first.assignments())
    second.kill()
    again = scene.member(group, topic, scene.client.eager, instance="two")
    again.program.wait(lambda reports: again.owns() == had, SESSION, "the same partitions as before")
    equal(len(first.assignments()), told, "how often the other member was assigned partitions")
    double = scene.member(group, topic, scene.client.eager, instance="two")
    double.program.wait(lambda reports: double.owns() == had, 30, "the double has its partitions")
    fenced = lambda: again.program.process.poll() is not None or again.errors() or not again.owns()  # noqa: E731
    if scene.has("told of fencing"):
        processes.wait_until(fenced, 30, "who was there before is fenced")
    equal(first.owns() & had, set(), "partitions of the other member that it should not have")
    for member in (first, again, double):
        member.kill()


def commit_and_resume(scene):
    """What was committed is where the next member goes on; what was not committed is read again."""
    topic, group = scene.topic("topic", PARTITIONS), scene.name("group")
    feed(scene, topic, range(60))
    first = scene.member(group, topic, scene.client.eager)
    all_seen([first], 60)
    ends = {partition: 10 for partition in range(PARTITIONS)}
    if scene.has("told of commits"):
        processes.wait_until(lambda: first.committed() == ends, 20, "all is committed")
    first.leave()
    feed(scene, topic, range(60, 90))
    second = scene.member(group, topic, scene.client.eager, commit=False)
    all_seen([second], 30)
    equal(min(each["offset"] for each in second.records()), 10, "the first offset that the second member read")
    second.leave()
    if not scene.has("reading without commits"):
        return
    third = scene.member(group, topic, scene.client.eager)
    all_seen([third], 30)
    equal(seen([third]), seen([second]), "records read again after no commit")
    third.leave()
