"""A data directory changes hands while consumers read: groups, offsets and what was deleted go with it.

The node is stopped, or killed, and the other program serves the same directory on the same port; then it goes back.
Members whose sessions live on stay as they are, with the ids and partitions that they had; others are replaced or
removed. Kafka's commands tell the same of every group before and after.
"""

import contextlib
import subprocess

from harness import kafka, processes, wire
from harness.checks import case, equal, true
from harness.clients import CLIENTS
from harness.scenario import Member, shared_out
from scenarios.groups import PARTITIONS, all_seen, feed, seen
from suites import java_tools

# Long enough for any node to start in, and short enough to be waited for.
LONG_SESSION_MS, SHORT_SESSION_MS = 120_000, 10_000
ROUND = 30
# Groups that change by themselves while the directory does.
UNSETTLED = {"pending", "bereft", "fleeting"}
SETTINGS = {
    "group.initial.rebalance.delay.ms": 0,
    "offsets.topic.num.partitions": 8,
    "offsets.retention.check.interval.ms": 500,
    "auto.create.topics.enable": "false",
}


def run(world):
    pairs = [(world.Node, world.Oracle)] + ([(world.Oracle, world.Node)] if world.target != "oracle" else [])
    with contextlib.ExitStack() as at_the_end:
        # What is left to expire does so while the next pair works.
        expiring = [
            handed_over(First, Second, ending, at_the_end)
            for ending in world.amount(["a clean stop", "kill -9"], ["kill -9"])
            for First, Second in pairs
        ]
        for expires in expiring:
            expires()


def handed_over(First, Second, ending, at_the_end):
    """First serves groups and ends; Second goes on with them; First takes them back. Returns a last case, for later."""
    title = f"from {First.name} to {Second.name} after {ending}"
    with contextlib.ExitStack() as ending_with:
        first = ending_with.enter_context(First(overrides=SETTINGS))
        second = Second(data=first.data, overrides=SETTINGS)
        second.port = first.port
        ending_with.callback(second.close)
        cast = Cast(first)
        ending_with.callback(cast.close)
        with case(f"{title}: {First.name} serves groups of every kind"):
            cast.assemble()
            left = cast.told()
            cast.fleeting()
        end(first, ending)
        cast.while_nobody_serves()
        second.start()
        with case(f"{title}: {Second.name} tells the same of every group"):
            cast.found_again(left)
        goes_on(cast, title, second)
        left = cast.told()
        end(second, ending)
        with case(f"{title}: kafka-dump-log accepts what both wrote"):
            logs = ",".join(map(str, first.data.glob("__consumer_offsets-*/*.log")))
            java_tools.clean(java_tools.dump("--offsets-decoder", "--files", logs))
        first.start()
        with case(f"{title}: {First.name} takes the groups back"):
            cast.found_again(left)
            cast.reads_on()
            cast.everything_once()
        with case(f"{title}: {First.name} starts again with an offset retention of a minute"):
            cast.leave()
            first.stop()
            first.overrides["offsets.retention.minutes"] = 1
            first.start()
        at_the_end.push(ending_with.pop_all())

    def expires():
        with case(f"{title}: what nobody uses expires by the time in its records"):
            cast.all_expire_but({"kept", "static"})

    return expires


def goes_on(cast, title, second):
    with case(f"{title}: an offset that was committed for some seconds expires on {second.name}"):
        processes.wait_until(lambda: "fleeting" not in cast.listed(), 60, "the group expired")
    with case(f"{title}: a static member that starts again has its partitions; nobody else is told"):
        cast.static_member_returns()
    with case(f"{title}: a member that died meanwhile is removed"):
        shared_out(cast.bereft[:1], [PARTITIONS], seconds=60)
    with case(f"{title}: a rebalance that was under way ends"):
        cast.pending[1].resume()
        shared_out(cast.pending, [2, 2, 2], seconds=60)
    with case(f"{title}: members go on reading on {second.name}, undisturbed"):
        cast.reads_on()
        cast.undisturbed(second)
    with case(f"{title}: groups and offsets are deleted, made and moved on {second.name}"):
        cast.commit("later", "orders")
        cast.command("--delete", "--group", "brief")
        cast.command("--delete-offsets", "--group", "simple", "--topic", "orders:3")
        cast.command("--reset-offsets", "--group", "idle", "--topic", "orders:0", "--to-offset", "1", "--execute")
        cast.reads_on()


def end(node, ending):
    node.kill() if ending == "kill -9" else node.stop()


class Cast:
    """The groups of one run and their members."""

    def __init__(self, node):
        self.node, self.tools, self.running = node, kafka.Tools(), []
        self.console = None
        self.fed = 0

    def assemble(self):
        """Every kind of group, each settled; then one that is not."""
        wire.create_topic(self.node.port, "orders", PARTITIONS, {"retention.ms": -1})
        wire.create_topic(self.node.port, "gone", 1, {})
        self.dynamic = [self.member("dynamic", name) for name in ("java", "confluent-kafka")]
        self.cooperative = [self.member("cooperative", "confluent-kafka", "cooperative") for _ in range(2)]
        self.static = [self.member("static", "confluent-kafka", instance=name) for name in ("one", "two")]
        self.kcat = [self.member("kcat", "kcat")]
        self.bereft = [self.member("bereft", "confluent-kafka", session_ms=SHORT_SESSION_MS) for _ in range(2)]
        self.pending = [self.member("pending", "confluent-kafka") for _ in range(2)]
        self.console = Console(self.node)
        for members in (self.dynamic, self.cooperative, self.static, self.bereft, self.pending):
            shared_out(members, [3, 3], seconds=90)
        # Nothing is there to be read while they assemble: a commit that meets a rebalance is refused.
        self.feed()
        self.without_members()
        self.all_read()
        self.pending[1].pause()
        self.pending.append(self.member("pending", "confluent-kafka"))
        rebalances = lambda: "pending PreparingRebalance" in self.lines("--list", "--state")  # noqa: E731
        processes.wait_until(rebalances, 30, "the group that will be interrupted rebalances")
        self.assigned = {name: self.assignments(name) for name in ("dynamic", "cooperative", "static")}

    def without_members(self):
        """Groups without members: left by them, never had any, deleted, with offsets of a topic that is gone."""
        left = self.member("idle", "confluent-kafka")
        shared_out([left], [PARTITIONS])
        all_seen([left], self.fed)
        left.leave()
        for group in ("simple", "brief", "deleted"):
            self.commit(group, "orders")
        self.commit("simple", "gone", 1)
        wire.commit_offset(self.node.port, "kept", "orders", 0, 7, retention_ms=3_600_000)
        self.command("--delete", "--group", "deleted")
        self.command("--delete-offsets", "--group", "simple", "--topic", "orders:2")
        kafka.tool("kafka-topics", "--bootstrap-server", self.node.bootstrap, "--delete", "--topic", "gone")
        forgotten = lambda: " gone " not in "".join(self.lines("--describe", "--group", "simple"))  # noqa: E731
        processes.wait_until(forgotten, 30, "the offsets of a deleted topic are gone")

    def fleeting(self):
        """An offset that is kept for some seconds, by a client of old; it outlives the node."""
        wire.commit_offset(self.node.port, "fleeting", "orders", 0, 7, retention_ms=8000)
        true("fleeting" in self.listed(), "the group with an offset for some seconds is there")

    def while_nobody_serves(self):
        self.bereft[1].kill()
        self.static[1].kill()

    def static_member_returns(self):
        had = self.assigned["static"][1][-1]
        self.static[1] = again = self.member("static", "confluent-kafka", instance="two")
        again.program.wait(lambda _: again.owns() == had, 60, "the same partitions as before")
        equal(self.static[0].assignments(), self.assigned["static"][0], "what the other static member was told")

    def feed(self):
        feed(self, "orders", range(self.fed, self.fed + ROUND))
        self.fed += ROUND

    def reads_on(self):
        self.feed()
        self.all_read()

    def all_read(self):
        """Every group with members has seen and committed all there is."""
        for members in (self.dynamic, self.cooperative, self.kcat):
            all_seen(members, self.fed)
        self.console.reads(self.fed)
        behind = lambda: [line for line in self.lines("--describe", "--all-groups") if self.lags(line)]  # noqa: E731
        try:
            processes.wait_until(lambda: not behind(), 60, "every group with members is at lag 0")
        except processes.Overdue as overdue:
            raise processes.Overdue(f"{overdue}: {behind()}") from None

    def lags(self, line):
        """Whether a line of the table is of a partition that a member reads, and is behind in."""
        words = line.split()
        return len(words) > 6 and words[1] == "orders" and words[6] != "-" and words[5] != "0"

    def undisturbed(self, node):
        """Members whose session lived on were told nothing, and none read anything twice."""
        for name in ("dynamic", "cooperative"):
            rebalances = node.said(f"Preparing to rebalance group {name} ")
            if rebalances and all("client reason: cached metadata" in line for line in rebalances):
                # Not the group: a client of Kafka's met a node that had not yet learnt all of its topics.
                print("       " + "\n       ".join(rebalances), flush=True)
                continue
            told = "\n       ".join([f"what the members of {name} were told", *rebalances])
            equal(self.assignments(name), self.assigned[name], told)
        self.everything_once()

    def everything_once(self):
        for members in (self.dynamic, self.cooperative):
            equal(max(seen(members).values()), 1, "how often a record was read")

    def assignments(self, name):
        return [member.assignments() for member in getattr(self, name)]

    def told(self):
        """What Kafka's commands and its client tell of all groups, but of the one that rebalances."""
        settled = lambda lines: [line for line in lines if not any(group in line for group in UNSETTLED)]  # noqa: E731
        describe = lambda *what: settled(self.lines("--describe", "--all-groups", *what))  # noqa: E731
        classes = kafka.compiled("GroupOffsets")
        groups = sorted(self.listed() - UNSETTLED)
        listed = processes.run(kafka.java("GroupOffsets", self.node.bootstrap, "list", *groups, classes=classes))
        return {
            "groups": groups,
            "offsets": describe("--offsets", "--verbose"),
            "members": describe("--members", "--verbose"),
            "states": describe("--state", "--verbose"),
            "offsets with their metadata": listed.decode().splitlines(),
        }

    def all_expire_but(self, groups):
        try:
            processes.wait_until(lambda: self.listed() == groups, 120, f"only {groups} are left")
        except processes.Overdue as overdue:
            raise processes.Overdue(f"{overdue}: {self.lines('--describe', '--all-groups')}") from None

    def found_again(self, left):
        """Fails with the lines that are told now and were not before, or the other way round."""
        # A node that has just started lists the groups of those partitions that it has loaded.
        processes.wait_until(lambda: self.listed() >= set(left["groups"]), 60, f"the groups {left['groups']} are loaded")
        found = self.told()
        for what, lines in left.items():
            new = [line for line in found[what] if line not in lines]
            missing = [line for line in lines if line not in found[what]]
            equal("\n".join(new), "\n".join(missing), what)

    def listed(self):
        return set(self.lines("--list"))

    def lines(self, *arguments):
        """What kafka-consumer-groups prints, sorted, columns parted by one space."""
        return sorted(" ".join(line.split()) for line in self.command(*arguments).splitlines() if line.strip())

    def command(self, *arguments):
        text, code = self.tools.run("kafka-consumer-groups", "--bootstrap-server", self.node.bootstrap, *arguments)
        equal(code, 0, f"exit code of kafka-consumer-groups {' '.join(arguments)}, which said {text}")
        return text

    def commit(self, group, topic, partitions=PARTITIONS):
        """Offsets with leader epochs and metadata, of a group that has no members."""
        arguments = (self.node.bootstrap, "commit", group, topic, partitions)
        processes.run(kafka.java("GroupOffsets", *arguments, classes=kafka.compiled("GroupOffsets")))

    def member(self, group, name, strategy="range", instance=None, session_ms=LONG_SESSION_MS):
        client = next(client for client in CLIENTS if client.name == name)
        told = {"bootstrap": self.node.bootstrap, "group": group, "topics": ["orders"], "strategy": strategy}
        times = {"session_ms": session_ms, "heartbeat_ms": 500}
        member = Member(client.start("member", {**told, "instance": instance, "commit": True, **times}))
        self.running.append(member)
        return member

    def leave(self):
        """Every member leaves but the static ones, which would not leave their group."""
        for members in (self.dynamic, self.cooperative, self.kcat, self.bereft[:1], self.pending):
            for number, member in enumerate(members, 1):
                member.leave()
                # librdkafka may hang when it leaves in the middle of a rebalance.
                stayed = members[number:]
                if stayed:
                    shared_out(stayed, [PARTITIONS // len(stayed)] * len(stayed), seconds=60)
        self.console.close()

    def close(self):
        for member in self.running:
            member.kill()
        if self.console:
            self.console.close()
        self.tools.close()


class Console:
    """Kafka's console consumer in a group of its own; it ends by SIGTERM, and leaves then."""

    def __init__(self, node):
        self.output = node.scratch / "console"
        settings = {"session.timeout.ms": LONG_SESSION_MS, "auto.commit.interval.ms": 200, "auto.offset.reset": "earliest"}
        properties = [word for key, value in settings.items() for word in ("--command-property", f"{key}={value}")]
        server = ("--bootstrap-server", node.bootstrap, "--topic", "orders", "--group", "console")
        with open(self.output, "wb") as output:
            command = kafka.java(kafka.TOOLS["kafka-console-consumer"], *server, *properties)
            self.process = processes.start(command, stdout=output, stderr=subprocess.DEVNULL)

    def reads(self, count):
        """Waits until it has printed so many records."""
        printed = lambda: len(self.output.read_bytes().splitlines()) >= count  # noqa: E731
        processes.wait_until(printed, 60, f"the console consumer prints {count} records", alive=self.process)

    def close(self):
        if self.process.poll() is None:
            processes.stop(self.process, 30)
