"""Transactions: what is read of them, who may write in them, and the offsets that belong to them."""

import random

from harness import processes
from harness.checks import equal, true
from harness.clients import client
from harness.programs import records
from harness.scenario import Scene, hexed, numbered, sha

PARTITIONS = 3
INIT, BEGIN, COMMIT, ABORT = ({"do": word} for word in ("init", "begin", "commit", "abort"))
MESSAGE_TOO_LARGE, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE, PRODUCER_FENCED = 10, 47, 48, 90
COMMITTED, UNCOMMITTED = {"isolation": "read_committed"}, {"isolation": "read_uncommitted"}


class Book:
    """What was written to a topic: (offset, value) by partition, in order; and what of it is committed."""

    def __init__(self, topic, partitions=PARTITIONS):
        self.topic, self.partitions = topic, list(range(partitions))
        self.all = {partition: [] for partition in self.partitions}
        self.committed = {partition: [] for partition in self.partitions}

    def send(self, label, count):
        """A step that sends so many records to each partition."""
        values = [(partition, f"{label}-{partition}-{number}".encode())
                  for partition in self.partitions for number in range(count)]
        return {"do": "send", "topic": self.topic, "records": [{"partition": p, "value": hexed(value)} for p, value in values]}

    def keep(self, step, offsets, committed):
        """Writes down where the records of a step went."""
        for record, offset in zip(step["records"], offsets, strict=True):
            place, entry = record["partition"], (offset, sha(bytes.fromhex(record["value"])))
            self.all[place].append(entry)
            if committed:
                self.committed[place].append(entry)

    def run(self, isolation):
        """What reads the topic as far as it is written down."""
        kept = self.committed if isolation == COMMITTED else self.all
        return {"topic": self.topic, "partitions": self.partitions, "count": sum(map(len, kept.values())), **isolation}

    def check(self, read, isolation):
        """Fails unless what was read is what is written down, in order."""
        kept = self.committed if isolation == COMMITTED else self.all
        for partition in self.partitions:
            found = [(each["offset"], each["value"]) for each in read if each["partition"] == partition]
            equal(found, kept[partition], f"{isolation['isolation']}: records of partition {partition}")

    def ends(self, marker=1):
        """Where each partition ends: behind the last record, and the marker of the transaction that ended last."""
        return [self.all[partition][-1][0] + 1 + marker for partition in self.partitions]


def transact(producer, book, label, count, end):
    """One transaction with so many records for each partition."""
    step = book.send(label, count)
    _, offsets, _ = producer.do(BEGIN, step, end)
    book.keep(step, offsets, end is COMMIT)


def committed_and_aborted(scene):
    """Commits and aborts over three partitions, one left open for a while, many small ones in a row: what read_committed and
    read_uncommitted see, in order, and the ends of the partitions as each of them is told."""
    book = Book(scene.topic("topic", PARTITIONS))
    producer = scene.transactor("id")
    producer.do(INIT)
    for number, end in enumerate((COMMIT, ABORT, ABORT, COMMIT, ABORT, COMMIT)):
        transact(producer, book, f"first-{number}", 5, end)
    both(scene, book)
    for end in scene.world.amount((COMMIT, ABORT), (COMMIT,)):
        while_open(scene, producer, book, end)
    small = scene.world.amount(100, 30)
    for number in range(small):
        transact(producer, book, f"small-{number}", 1, ABORT if number % 3 == 1 else COMMIT)
    producer.leave()
    both(scene, book)
    ends(scene, book, book.ends())


def both(scene, *books):
    """Reads topics in both ways."""
    ways = [(book, isolation) for book in books for isolation in (COMMITTED, UNCOMMITTED)]
    for (book, isolation), read in zip(ways, scene.consume(*(book.run(isolation) for book, isolation in ways))):
        book.check(read, isolation)


def while_open(scene, producer, book, end):
    """A transaction that is open holds read_committed up, also from what others wrote behind it, until it ends."""
    stable = book.ends()
    step = book.send("open", 2)
    _, found = producer.do(BEGIN, step)
    seen_before = book.run(COMMITTED)["count"]
    book.keep(step, found, end is COMMIT)
    behind = [record for partition in book.partitions for record in numbered(1, partition)]
    (found,) = scene.produce({"topic": book.topic, "records": behind})
    book.keep({"records": behind}, found, True)
    reader = scene.consumer(book.run(COMMITTED))
    (read,) = scene.consume(book.run(UNCOMMITTED))
    book.check(read, UNCOMMITTED)
    ends(scene, book, stable, marker=0)
    reader.wait(lambda reports: len(records(reports)) >= seen_before, 30, "what is before the open transaction is read")
    equal(len(records(reader.reports)), seen_before, "records read while the transaction is open")
    producer.do(end)
    book.check(records(reader.finish(60)), COMMITTED)
    ends(scene, book, book.ends())


def ends(scene, book, committed, marker=1):
    """The ends of the partitions as read_committed has to see them, and as they are."""
    if scene.has("list_offset") and scene.has("offsets by isolation"):
        steps = [{"do": "list_offset", "topic": book.topic, "partition": partition, "at": "latest", **isolation}
                 for isolation in (COMMITTED, UNCOMMITTED) for partition in book.partitions]
        equal(scene.admin(*steps), [*committed, *book.ends(marker)], "ends of the partitions: read_committed, then read_uncommitted")


def fencing(scene):
    """A second producer with the id of the first fences it; a transaction that takes too long is aborted; both are told; after
    an error one can abort and go on."""
    book, small = Book(scene.topic("topic", PARTITIONS)), Book(scene.topic("small", 1, **{"max.message.bytes": 2000}), 1)
    taken_over(scene, book)
    overdue(scene, book)
    after_an_error(scene, small)
    both(scene, book, small)


def taken_over(scene, book):
    first = scene.transactor("id")
    first.do(INIT)
    transact(first, book, "first", 1, COMMIT)
    step = book.send("first, not committed", 2)
    _, found = first.do(BEGIN, step)
    book.keep(step, found, False)
    second = scene.transactor("id")
    second.do(INIT)
    transact(second, book, "second", 2, COMMIT)
    told(scene, "fencing", first.attempt(COMMIT)[-1], (INVALID_PRODUCER_EPOCH, PRODUCER_FENCED))
    transact(second, book, "second again", 1, COMMIT)
    second.leave()
    first.program.kill()


def overdue(scene, book):
    producer = scene.transactor("overdue", timeout_ms=1000)
    producer.do(INIT)
    step = book.send("overdue", 2)
    _, found = producer.do(BEGIN, step)
    book.keep(step, found, False)
    behind = numbered(1)
    (found,) = scene.produce({"topic": book.topic, "records": behind})
    book.keep({"records": behind}, found, True)
    # Done when the transaction holds it up no longer.
    (read,) = scene.consume(book.run(COMMITTED))
    book.check(read, COMMITTED)
    told(scene, "overdue transactions", producer.attempt(COMMIT)[-1], (INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE, PRODUCER_FENCED))
    producer.program.kill()
    again = scene.transactor("overdue")
    again.do(INIT)
    transact(again, book, "again", 1, COMMIT)
    again.leave()


def told(scene, what, answer, codes):
    """Fails unless a producer was told of something by one of these errors of Kafka's, or in the library's words alone."""
    true(isinstance(answer, dict), f"the producer is told of {what}: {answer}")
    codes = codes if scene.has(f"number of {what}") else (None,)
    true(answer["code"] in codes, f"the producer is told of {what} by one of {codes}: {answer}")


def after_an_error(scene, book):
    producer = scene.transactor("erring")
    producer.do(INIT)
    transact(producer, book, "before", 2, COMMIT)
    large = {"do": "send", "topic": book.topic, "records": [{"partition": 0, "value": random.Random(7).randbytes(5000).hex()}]}
    step = book.send("aborted", 2)
    _, found = producer.do(BEGIN, step)
    book.keep(step, found, False)
    (refused,) = producer.attempt(large)
    true(isinstance(refused, dict), f"a record that is too large is refused: {refused}")
    equal(refused["code"], MESSAGE_TOO_LARGE, f"error of a record that is too large: {refused}")
    producer.do(ABORT)
    if scene.has("going on after an error"):
        transact(producer, book, "after", 2, COMMIT)
    producer.leave()


def read_process_write(scene):
    """Copies a topic with the offsets in the same transactions, some of them aborted, the copier killed in one and two others in
    its place: each record once, and offsets as far as what is committed."""
    offsets_alone(scene)
    copied(scene, scene.client.eager)
    if scene.has("consumer protocol"):
        copied(scene, "server")


def offsets_alone(scene):
    """Offsets of a transaction are there when it is committed, and not before."""
    if not scene.has("offsets without a member"):
        return
    topic, group = scene.topic("offsets"), scene.name("offsets-group")
    arrived = lambda expected: processes.wait_until(  # noqa: E731
        lambda: committed(scene, group) == expected, 30, f"{group} has the offsets {expected}")
    # Not every client waits for a coordinator that is new, nor for the markers that are written behind the answer to a commit.
    arrived([])
    producer = scene.transactor("offsets")
    producer.do(INIT)
    offset = lambda at: {"do": "offsets", "group": group, "offsets": [[topic, 0, at]]}  # noqa: E731
    producer.do(BEGIN, offset(3), COMMIT)
    arrived([[topic, 0, 3]])
    producer.do(BEGIN, offset(5))
    equal(committed(scene, group), [[topic, 0, 3]], "offsets while a transaction is open")
    producer.do(ABORT)
    equal(committed(scene, group), [[topic, 0, 3]], "offsets after it was aborted")
    producer.do(BEGIN, offset(7), COMMIT)
    arrived([[topic, 0, 7]])
    producer.leave()


def committed(scene, group):
    """The committed offsets of a group. The same client asks for all: starting some of them takes longer than the answer."""
    (report,) = client("franz-go").run("admin", {"bootstrap": scene.node.bootstrap, "steps": [{"do": "group_offsets", "group": group}]})
    return Scene.answer(report)


def copied(scene, strategy):
    source, target = (scene.topic(f"{strategy}-{what}", PARTITIONS) for what in ("source", "target"))
    group, book = scene.name(f"{strategy}-group"), Book(source)
    feeder = scene.transactor(f"{strategy}-feeder")
    feeder.do(INIT)
    for number, end in enumerate((COMMIT, ABORT, COMMIT)):
        transact(feeder, book, f"fed-{number}", 20, end)
    first = scene.copier(f"{strategy}-copier", group, source, target, strategy, abort=2, hang=5)
    first.wait(lambda reports: any("open" in each for each in reports), 60, "the first copier is in a transaction")
    done = sum(each.get("copied", 0) for each in first.reports)
    behind = {partition: offset for _, partition, offset in committed(scene, group)}
    passed = sum(offset < behind.get(partition, 0) for partition in book.partitions for offset, _ in book.committed[partition])
    equal(passed, done, "records before the committed offsets while a transaction is open")
    first.kill()
    others = [scene.copier(f"{strategy}-copier", group, source, target, strategy, abort=3)]
    # Two that share the partitions copy each record once where the broker knows of which generation their offsets are.
    if scene.has("group metadata"):
        others.append(scene.copier(f"{strategy}-other", group, source, target, strategy, abort=3))
    for number, end in enumerate((ABORT, COMMIT)):
        transact(feeder, book, f"fed-later-{number}", 20, end)
    feeder.leave()
    (read,) = scene.consume({**book.run(COMMITTED), "topic": target}, seconds=120)
    for partition in book.partitions:
        found = [each["value"] for each in read if each["partition"] == partition]
        equal(found, [value for _, value in book.committed[partition]], f"records of the copy, partition {partition}")
    ends = [[source, partition, book.committed[partition][-1][0] + 1] for partition in book.partitions]
    processes.wait_until(lambda: committed(scene, group) == ends, 20, f"the offsets of {group} are {ends}")
    for other in others:
        other.tell("leave")
    reports = [report for other in others for report in other.finish(60)]
    true(any("aborted" in each for each in reports), "the copiers aborted something")
