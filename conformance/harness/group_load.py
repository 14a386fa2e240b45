"""A load of consumer groups, spoken by hand: thousands of members in one process, which no client library carries.

It judges nothing but its own answers' error codes: whether groups behave is judged by other people's clients. Members
use JoinGroup v3, SyncGroup v2, Heartbeat v2 and OffsetCommit v7, the last versions before the flexible ones.
"""

import asyncio
import resource
import struct

FIND_COORDINATOR, JOIN_GROUP, HEARTBEAT, SYNC_GROUP, OFFSET_COMMIT = 10, 11, 12, 14, 8
REBALANCE_IN_PROGRESS = 27
COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR = 14, 15, 16
COME_BACK = (COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR)


def text(word):
    return struct.pack(">h", len(word)) + word.encode()


class Member(asyncio.Protocol):
    """One connection that is one member of one group."""

    def __init__(self, group):
        self.group = group
        self.id = ""
        self.generation = -1
        self.is_leader = False
        self.others = []
        self.received = bytearray()
        self.answer = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data
        if len(self.received) >= 4:
            (length,) = struct.unpack_from(">i", self.received)
            if len(self.received) >= 4 + length:
                body = bytes(self.received[8 : 4 + length])
                del self.received[: 4 + length]
                self.answer.set_result(body)

    def connection_lost(self, error):
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(ConnectionError(f"the node closed the connection of {self.group}: {error}"))

    def ask(self, key, version, body):
        """Sends one request; the future is its answer without the header. One at a time."""
        self.answer = asyncio.get_running_loop().create_future()
        frame = struct.pack(">hhih", key, version, 1, 4) + b"load" + body
        self.transport.write(struct.pack(">i", len(frame)) + frame)
        return self.answer

    async def persistently(self, key, version, body):
        """Asks until the coordinator is there: it loads each of its partitions when the internal topic is made."""
        for _ in range(100):
            answer = await self.ask(key, version, body)
            if struct.unpack_from(">h", answer, 4)[0] not in COME_BACK:
                break
            await asyncio.sleep(0.1)
        return answer

    async def join(self):
        """Joins, and syncs as leader or follower; the time at which the generation began is the caller's to take."""
        metadata = struct.pack(">hi", 0, 1) + text("load") + struct.pack(">i", -1)
        protocol = text("range") + struct.pack(">i", len(metadata)) + metadata
        timeouts = struct.pack(">ii", 45_000, 300_000)
        body = text(self.group) + timeouts + text(self.id) + text("consumer") + struct.pack(">i", 1) + protocol
        answer = await self.persistently(JOIN_GROUP, 3, body)
        error, self.generation = struct.unpack_from(">hi", answer, 4)
        expect(error, "JoinGroup")
        at = 10
        words = []
        for _ in range(3):
            (length,) = struct.unpack_from(">h", answer, at)
            words.append(answer[at + 2 : at + 2 + length].decode())
            at += 2 + length
        _, leader, self.id = words
        self.is_leader = leader == self.id
        self.others = members_of(answer, at) if self.is_leader else []

    async def sync(self):
        shares = b"".join(text(name) + struct.pack(">i", 4) + b"mine" for name in self.others)
        body = text(self.group) + struct.pack(">i", self.generation) + text(self.id)
        answer = await self.ask(SYNC_GROUP, 2, body + struct.pack(">i", len(self.others)) + shares)
        expect(struct.unpack_from(">h", answer, 4)[0], "SyncGroup")
        if answer[10:] != b"mine":
            raise SystemExit(f"SyncGroup of {self.group} gave another share than the leader wrote")

    async def heartbeat(self):
        """Sends a heartbeat; true where the group rebalances."""
        body = text(self.group) + struct.pack(">i", self.generation) + text(self.id)
        answer = await self.ask(HEARTBEAT, 2, body)
        (error,) = struct.unpack_from(">h", answer, 4)
        if error == REBALANCE_IN_PROGRESS:
            return True
        expect(error, "Heartbeat")
        return False

    async def commit(self, topic, offset):
        partition = struct.pack(">iqi", 0, offset, -1) + text("")
        topics = struct.pack(">i", 1) + text(topic) + struct.pack(">i", 1) + partition
        head = text(self.group) + struct.pack(">i", self.generation) + text(self.id) + struct.pack(">h", -1)
        answer = await self.ask(OFFSET_COMMIT, 7, head + topics)
        expect(struct.unpack(">h", answer[-2:])[0], "OffsetCommit")


def members_of(answer, at):
    (count,) = struct.unpack_from(">i", answer, at)
    at += 4
    names = []
    for _ in range(count):
        (length,) = struct.unpack_from(">h", answer, at)
        names.append(answer[at + 2 : at + 2 + length].decode())
        at += 2 + length
        (length,) = struct.unpack_from(">i", answer, at)
        at += 4 + length
    return names


def expect(error, what):
    if error != 0:
        raise SystemExit(f"{what} was answered with error {error}")


async def connected(port, groups):
    """A member of each of these groups, connected, not joined; some at a time, so that no backlog overflows."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    loop = asyncio.get_running_loop()
    members = []
    for start in range(0, len(groups), 100):
        some = groups[start : start + 100]
        made = await asyncio.gather(
            *(loop.create_connection(lambda group=group: Member(group), "127.0.0.1", port) for group in some)
        )
        members.extend(member for _, member in made)
    return members


async def coordinator_ready(member):
    """Returns when the group's coordinator is there; the first question has the internal topic made."""
    answer = await member.persistently(FIND_COORDINATOR, 1, text(member.group) + b"\0")
    expect(struct.unpack_from(">h", answer, 4)[0], "FindCoordinator")


async def stable(members):
    """Every member joins its group and syncs."""
    await asyncio.gather(*(member.join() for member in members))
    await asyncio.gather(*(member.sync() for member in members))


def close(members):
    for member in members:
        member.transport.abort()
