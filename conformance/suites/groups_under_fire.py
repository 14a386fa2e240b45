"""Twenty groups of three read while their node is killed with kill -9 every 20 seconds.

Every record is seen by every group, no committed offset is lost or falls back, and half a minute after the last kill
every group is whole again and has read all there is.
"""

import collections
import time

from harness import processes, wire
from harness.checks import Mismatch, case, equal, true
from harness.clients import CLIENTS
from suites.crash import Feeder

GROUPS = [f"group-{number:02}" for number in range(20)]
MEMBERS = 3
PARTITIONS = 6
TOPIC = "fire"
SECONDS_BETWEEN = 20
SECONDS_TO_RECOVER = 30
RECORDS_PER_SECOND = 300
OVERRIDES = {"group.initial.rebalance.delay.ms": 0, "offsets.topic.num.partitions": 10}


def run(world):
    client = next(client for client in CLIENTS if client.name == "franz-go")
    kills = world.amount(300, 60) // SECONDS_BETWEEN
    with world.Node(overrides=OVERRIDES) as node:
        wire.create_topic(node.port, TOPIC, PARTITIONS, {})
        fleet = Fleet(client, node)
        with case(f"{len(GROUPS)} groups of {MEMBERS}: all are whole"):
            processes.wait_until(fleet.whole, 60, "every group is whole")
        feeder = Feeder(node, TOPIC, RECORDS_PER_SECOND)
        lost = []
        with case(f"the node is killed {kills} times, every {SECONDS_BETWEEN} s, under load"):
            for _ in range(kills):
                time.sleep(SECONDS_BETWEEN)
                acknowledged = fleet.committed()
                node.kill()
                node.start()
                lost += fleet.lost(acknowledged)
        began = time.monotonic()
        feeder.finish()
        with case(f"within {SECONDS_TO_RECOVER} s of the last kill every group is whole and at lag 0"):
            ends = wire.end_offsets(node.port, TOPIC, PARTITIONS)
            wanted = {partition: end for partition, end in enumerate(ends) if end > 0}
            try:
                processes.wait_until(lambda: fleet.whole() and fleet.at(wanted), SECONDS_TO_RECOVER, "whole and at lag 0")
            except processes.Overdue as overdue:
                raise Mismatch(f"{overdue}: {fleet.state(wanted)}") from None
            print(f"       {sum(ends)} records, whole and at lag 0 after {time.monotonic() - began:.1f} s", flush=True)
        with case("no acknowledged commit was lost by a kill"):
            equal(lost[:10], [], f"{len(lost)} offsets behind their acknowledged commits")
        with case("no committed offset fell back"):
            equal(fleet.fallen_back[:10], [], f"{len(fleet.fallen_back)} commits below an earlier one")
        with case("every group saw each record"):
            fleet.saw(wanted)
        fleet.close()


class Fleet:
    """The members of all groups, in one process of franz-go."""

    def __init__(self, client, node):
        self.client, self.node = client, node
        told = {"bootstrap": node.bootstrap, "groups": GROUPS, "members": MEMBERS, "topics": [TOPIC]}
        self.program = client.start("fleet", {**told, "session_ms": 10_000, "heartbeat_ms": 1000})
        self.taken = 0
        self.owned = {}
        self.acknowledged = collections.defaultdict(dict)
        self.read = collections.defaultdict(list)
        self.fallen_back = []

    def take(self):
        """Takes the reports that are new."""
        reports = self.program.reports
        true(self.program.process.poll() is None, f"the fleet lives: {self.program.last_words()}")
        while self.taken < len(reports):
            report = reports[self.taken]
            self.taken += 1
            group = report.get("group")
            if "assigned" in report:
                self.owned[group, report["member"]] = {partition for _, partition in report["assigned"]}
            elif "first" in report:
                self.read[group, report["partition"]].append((report["first"], report["last"]))
            for _, partition, offset in report.get("committed", []):
                before = self.acknowledged[group].get(partition, 0)
                if offset < before:
                    self.fallen_back.append((group, partition, before, offset))
                self.acknowledged[group][partition] = max(offset, before)

    def whole(self):
        """Whether every group has shared all partitions out, two to each member."""
        self.take()
        owned = [[self.owned.get((group, member), set()) for member in range(MEMBERS)] for group in GROUPS]
        share = PARTITIONS // MEMBERS
        return all(all(len(each) == share for each in one) and len(set().union(*one)) == PARTITIONS for one in owned)

    def committed(self):
        """The highest offset that the broker has acknowledged, by group and partition."""
        self.take()
        return {group: dict(offsets) for group, offsets in self.acknowledged.items()}

    def offsets(self):
        """The committed offsets as the broker tells them, by group and partition."""
        steps = [{"do": "group_offsets", "group": group} for group in GROUPS]
        reports = self.client.run("admin", {"bootstrap": self.node.bootstrap, "steps": steps})
        wrong = [report for report in reports if "answer" not in report]
        equal(wrong, [], "offsets that could not be asked for")
        answers = [{partition: offset for _, partition, offset in report["answer"]} for report in reports]
        return dict(zip(GROUPS, answers))

    def lost(self, acknowledged):
        """Offsets that are lower than what the broker had acknowledged: group, partition, found, acknowledged.

        A node that has just started may not know all topics yet, and then leaves them out: it is asked again.
        """
        overdue = time.monotonic() + SECONDS_TO_RECOVER
        while True:
            found = self.offsets()
            wanted = ((group, partition, offset) for group, one in acknowledged.items() for partition, offset in one.items())
            lost = [(g, p, found[g].get(p), offset) for g, p, offset in wanted if found[g].get(p, -1) < offset]
            if not lost or any(offset is not None for _, _, offset, _ in lost) or time.monotonic() > overdue:
                return lost

    def at(self, ends):
        """Whether every group has committed these offsets."""
        return all(offsets == ends for offsets in self.offsets().values())

    def state(self, ends):
        """The groups that are not whole or not at these offsets."""
        owned = {group: [sorted(self.owned.get((group, member), set())) for member in range(MEMBERS)] for group in GROUPS}
        offsets = self.offsets()
        split = {group: one for group, one in owned.items() if sorted(sum(one, [])) != list(range(PARTITIONS))}
        return f"not whole: {split}; behind {ends}: { {g: o for g, o in offsets.items() if o != ends} }"

    def saw(self, ends):
        """Fails unless every group read every offset of every partition."""
        self.take()
        missing = []
        for group in GROUPS:
            for partition, end in ends.items():
                next_offset = 0
                for first, last in sorted(self.read[group, partition]):
                    if first > next_offset:
                        missing.append((group, partition, next_offset, first))
                    next_offset = max(next_offset, last + 1)
                if next_offset != end:
                    missing.append((group, partition, next_offset, end))
        equal(missing[:10], [], f"{len(missing)} gaps (group, partition, from, to)")

    def close(self):
        self.program.tell("leave")
        self.program.finish(60)
