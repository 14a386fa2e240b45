"""A data directory changes hands while members of the consumer protocol (KIP-848) read, there and back.

Members go on with the ids, epochs and partitions that they had, and nobody reads anything twice; a static member that had
left for a while has its partitions again; a group that was in the middle of a reconciliation ends it; a member that died
meanwhile is removed by the session timeout of its group's own setting. Kafka's commands tell the same of every group, with
its epochs, before and after.
"""

import contextlib

from harness import kafka, processes, wire
from harness.checks import case, equal, true
from harness.scenario import shared_out
from scenarios.groups import PARTITIONS, all_seen, seen
from suites import exchange_groups, java_tools

SHORT_SESSION_MS = 10_000
UNSETTLED = {"pending", "bereft"}
SETTINGS = {
    "offsets.topic.num.partitions": 8,
    "group.consumer.min.session.timeout.ms": SHORT_SESSION_MS,
    "group.consumer.max.session.timeout.ms": 120_000,
    "group.consumer.session.timeout.ms": 120_000,
    "group.consumer.min.heartbeat.interval.ms": 1500,
    "group.consumer.heartbeat.interval.ms": 1500,
    "auto.create.topics.enable": "false",
}


def run(world):
    pairs = [(world.Node, world.Oracle)] + ([(world.Oracle, world.Node)] if world.target != "oracle" else [])
    everything = [(*pair, ending) for ending in ("a clean stop", "kill -9") for pair in pairs]
    for First, Second, ending in world.amount(everything, [(*pairs[-1], "kill -9")]):
        handed_over(First, Second, ending)


def handed_over(First, Second, ending):
    """First serves groups and ends; Second goes on with them; First takes them back."""
    title = f"from {First.name} to {Second.name} after {ending}"
    with contextlib.ExitStack() as ending_with:
        first = ending_with.enter_context(First(overrides=SETTINGS))
        second = Second(data=first.data, overrides=SETTINGS)
        second.port = first.port
        ending_with.callback(second.close)
        cast = Cast(first)
        ending_with.callback(cast.close)
        with case(f"{title}: {First.name} serves groups of the consumer protocol"):
            cast.assemble()
            left = cast.told()
            exchange_groups.end(first, ending)
        cast.bereft[1].kill()
        second.start()
        with case(f"{title}: {Second.name} tells the same of every group, with its epochs"):
            cast.found_again(left)
        with case(f"{title}: members go on reading on {Second.name}, and none is told anything"):
            cast.reads_on()
            cast.undisturbed(second)
        with case(f"{title}: a static member that was away has its partitions again; nobody else is told"):
            cast.static_member_returns()
        with case(f"{title}: a member that died meanwhile is removed when its group's session timeout is over"):
            shared_out(cast.bereft[:1], [PARTITIONS], seconds=60)
        with case(f"{title}: a reconciliation that was under way ends"):
            cast.pending[1].resume()
            shared_out(cast.pending, [2, 2, 2], seconds=60)
        with case(f"{title}: a member joins on {Second.name}, and all read on"):
            cast.dynamic.append(cast.member("dynamic", "java", "server"))
            shared_out(cast.dynamic, [2, 2, 2], seconds=60)
            cast.assigned["dynamic"] = cast.assignments("dynamic")
            cast.reads_on()
            left = cast.told()
            exchange_groups.end(second, ending)
        with case(f"{title}: kafka-dump-log accepts what both wrote"):
            logs = ",".join(map(str, first.data.glob("__consumer_offsets-*/*.log")))
            java_tools.clean(java_tools.dump("--offsets-decoder", "--files", logs))
        first.start()
        with case(f"{title}: {First.name} takes the groups back"):
            cast.found_again(left)
            cast.reads_on()
            cast.undisturbed(first)


class Cast(exchange_groups.Cast):
    """The groups of one run and their members."""

    def assemble(self):
        wire.create_topic(self.node.port, "orders", PARTITIONS, {"retention.ms": -1})
        self.alter("bereft", f"consumer.session.timeout.ms={SHORT_SESSION_MS}")
        self.dynamic = [self.member("dynamic", name, "server") for name in ("java", "confluent-kafka")]
        self.static = [self.member("static", name, "server", instance=name) for name in ("java", "confluent-kafka")]
        self.bereft = [self.member("bereft", "confluent-kafka", "server") for _ in range(2)]
        self.pending = [self.member("pending", "confluent-kafka", "server") for _ in range(2)]
        for members in (self.dynamic, self.static, self.bereft, self.pending):
            shared_out(members, [3, 3], seconds=90)
        self.feed()
        idle = self.member("idle", "java", "server")
        shared_out([idle], [PARTITIONS])
        all_seen([idle], self.fed)
        idle.leave()
        self.all_read()
        self.assigned = {name: self.assignments(name) for name in ("dynamic", "static")}
        self.static[1].leave()
        self.pending[1].pause()
        self.pending.append(self.member("pending", "confluent-kafka", "server"))
        reconciles = lambda: any(line.startswith("pending ") and "Reconciling" in line for line in self.lines("--list", "--state"))  # noqa: E731
        processes.wait_until(reconciles, 30, "the group that will be interrupted reconciles")

    def static_member_returns(self):
        had = self.assigned["static"][1][-1]
        while not had:
            self.assigned["static"][1].pop()
            had = self.assigned["static"][1][-1]
        self.static[1] = again = self.member("static", "confluent-kafka", "server", instance="confluent-kafka")
        again.program.wait(lambda _: again.owns() == had, 60, "the same partitions as before")
        equal(self.static[0].assignments(), self.assigned["static"][0], "what the other static member was told")

    def all_read(self):
        all_seen(self.dynamic, self.fed)
        behind = lambda: [line for line in self.lines("--describe", "--all-groups") if self.lags(line)]  # noqa: E731
        try:
            processes.wait_until(lambda: not behind(), 60, "every group with members that are there is at lag 0")
        except processes.Overdue as overdue:
            raise processes.Overdue(f"{overdue}: {behind()}") from None

    def lags(self, line):
        """Of the groups in which everybody is there and reads."""
        return line.split()[0] == "dynamic" and super().lags(line)

    def undisturbed(self, node):
        equal(self.assignments("dynamic"), self.assigned["dynamic"], "what the members of dynamic were told")
        equal(max(seen(self.dynamic).values()), 1, "how often a record was read")

    def alter(self, group, setting):
        target = ("--entity-type", "groups", "--entity-name", group)
        words = ("--bootstrap-server", self.node.bootstrap, "--alter", *target, "--add-config", setting)
        text, code = self.tools.run("kafka-configs", *words)
        equal(code, 0, f"exit code of kafka-configs, which said {text}")

    def told(self):
        """What Kafka's commands tell of all groups but those that change, and the settings of the groups."""
        settled = lambda lines: [line for line in lines if not any(group in line for group in UNSETTLED)]  # noqa: E731
        describe = lambda *what: settled(self.lines("--describe", "--all-groups", *what))  # noqa: E731
        target = ("--entity-type", "groups", "--entity-name", "bereft")
        settings = kafka.tool("kafka-configs", "--bootstrap-server", self.node.bootstrap, "--describe", *target)
        true(f"consumer.session.timeout.ms={SHORT_SESSION_MS}" in settings, f"the setting of a group: {settings}")
        return {
            "groups": sorted(self.listed() - UNSETTLED),
            "offsets": describe("--offsets", "--verbose"),
            "members": describe("--members", "--verbose"),
            "states": describe("--state", "--verbose"),
        }
