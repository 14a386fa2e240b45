#!/usr/bin/env python3
"""Measures Milena beside Apache Kafka on one machine in one run, and prints a table in Markdown.

    bench.py [--megabytes N] [--only milena|oracle] [cpu] [start] [partitions] [groups] [commits] [rebalance]
             [transactions] [list] [clients]

cpu         CPU-seconds of the broker process (user and system) for a gigabyte (10^9 bytes) produced by
            kafka-producer-perf-test (records of 1 KB, batches of 100 KB, acks=all, no compression) and consumed by
            kcat, after a warm-up with as much
start       exec to the first answered Metadata request on a fresh directory, on disk and in memory (/dev/shm: without
            the time of fsync); resident memory when idle; size of the program
partitions  exec to a topic of 1,000 partitions all served, after a clean stop and after kill -9
groups      10,000 groups of one member, each with a heartbeat every 3 s: share of one core, resident memory
commits     CPU-seconds for a million commits of one offset by members of 8 groups, after a warm-up with as many
rebalance   one more member joins a group of 2,000: from its JoinGroup to the last answered SyncGroup
transactions  CPU of the broker process for a transaction of Java's producer that writes 10 records to 2 partitions, one after
            the other, every third aborted, after a warm-up with as many
list        guest instructions of a command that lists the names of 100 topics, `milena topic list` beside kafka-topics, each
            of its own broker, counted by valgrind's lackey; and its user and system time without valgrind
clients     Milena's client library beside librdkafka: CPU-seconds (user and system) of a program that produces or consumes,
            for a gigabyte, and megabytes per second; in a table per broker (harness/client_load.py)
"""

import argparse
import asyncio
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from harness import brokers, client_load, group_load, kafka, kcat, processes, wire

MEASUREMENTS = ["cpu", "start", "partitions", "groups", "commits", "rebalance", "transactions", "list", "clients"]
RECORD_BYTES = 1024
PARTITIONS = 1000
GROUPS = 10_000
HEARTBEAT_SECONDS = 3
COMMITS = 40_000
COMMITTING_GROUPS = 8
MEMBERS = 2_000
TRANSACTIONS = 5_000
TRANSACTION_RECORDS, TRANSACTION_PARTITIONS = 10, 2
LISTED_TOPICS = 100
# Under valgrind everything takes fifty times as long.
PATIENCE = {"default.api.timeout.ms": 1_200_000, "request.timeout.ms": 600_000, "socket.connection.setup.timeout.ms": 600_000,
            "socket.connection.setup.timeout.max.ms": 600_000}


def cpu(kind, megabytes):
    """CPU-seconds per GB produced and consumed."""
    with kind(overrides={"log.segment.bytes": 1 << 30}) as node:
        server = ("--bootstrap-server", node.bootstrap)
        for topic in ("warm-up", "measured"):
            kafka.tool("kafka-topics", *server, "--create", "--topic", topic, "--partitions", 3)
        records = megabytes * 1_000_000 // RECORD_BYTES
        produce(node, "warm-up", records)
        produced = cpu_of(node, lambda: produce(node, "measured", records))
        consume(node, "warm-up", records)
        consumed = cpu_of(node, lambda: consume(node, "measured", records))
        gigabytes = records * RECORD_BYTES / 1e9
        yield "CPU-seconds per GB produced", produced / gigabytes, "s"
        yield "CPU-seconds per GB consumed", consumed / gigabytes, "s"
        yield "resident memory after that load", processes.resident_megabytes(node.pid), "MB"


def produce(node, topic, records):
    load = ("--topic", topic, "--num-records", records, "--record-size", RECORD_BYTES, "--throughput", -1)
    settings = ("batch.size=100000", "linger.ms=5", "acks=all", "buffer.memory=67108864")
    main = kafka.TOOLS["kafka-producer-perf-test"]
    arguments = ("--bootstrap-server", node.bootstrap, *load, "--command-property", *settings)
    command = kafka.java(main, *arguments, jvm=["-Xmx512M"])
    processes.run(command, seconds=600)


def consume(node, topic, records):
    command = ["kcat", "-b", node.bootstrap, "-C", "-q", "-e", "-t", topic, "-o", "beginning", "-f", "x"]
    done = processes.run(command, seconds=600)
    if len(done) != records:
        raise SystemExit(f"{node.name}: {len(done)} records read of {records}")


def cpu_of(node, work):
    """CPU-seconds that the node spends while the work is done."""
    before = processes.cpu_seconds(node.pid)
    work()
    return processes.cpu_seconds(node.pid) - before


def start(kind, _):
    """Time to ready, idle memory, program size."""
    repetitions = 9 if kind is brokers.Milena else 3
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        in_memory = [started(kind, pathlib.Path(memory) / str(run)) for run in range(repetitions)]
    on_disk = [started(kind, None) for _ in range(repetitions)]
    yield "exec to ready, fresh directory on disk", statistics.median(time for time, _ in on_disk) * 1000, "ms"
    yield "exec to ready, fresh directory in memory", statistics.median(time for time, _ in in_memory) * 1000, "ms"
    yield "resident memory when idle", statistics.median(memory for _, memory in on_disk), "MB"
    yield "program size", program_megabytes(kind), "MB"


def started(kind, data):
    """Seconds from exec to ready on a fresh directory, and megabytes resident two seconds later."""
    node = kind(data=data)
    try:
        node.prepare()
        seconds = timed_start(node, lambda: wire.brokers_known(node.port) > 0)
        time.sleep(2)
        return seconds, processes.resident_megabytes(node.pid)
    finally:
        node.close()


def timed_start(node, ready):
    """Seconds from exec until the node is ready as the condition says."""
    begun = time.monotonic()
    node.spawn(node.command())
    processes.wait_until(ready, 180, f"{node.name} ready", alive=node.process)
    return time.monotonic() - begun


def program_megabytes(kind):
    if kind is brokers.Milena:
        return pathlib.Path(brokers.Milena.binary()).stat().st_size / 1e6
    return sum(jar.stat().st_size for jar in kafka.jars().iterdir()) / 1e6


def partitions(kind, _):
    """Seconds until 1,000 partitions are served again."""
    with kind() as node:
        server = ("--bootstrap-server", node.bootstrap)
        kafka.tool("kafka-topics", *server, "--create", "--topic", "many", "--partitions", PARTITIONS)
        served = lambda: wire.partitions_served(node.port, "many", PARTITIONS) == PARTITIONS  # noqa: E731
        for title, end in (("a clean stop", node.stop), ("kill -9", node.kill)):
            processes.wait_until(served, 60, "all partitions served")
            kcat.produce(node, "many", [b"%d" % number for number in range(20 * PARTITIONS)], "-p", -1)
            end()
            yield f"{PARTITIONS:,} partitions served after {title}", timed_start(node, served), "s"


def groups(kind, _):
    """What thousands of idle groups cost."""
    with kind() as node:
        yield from asyncio.run(heartbeats(node))


async def heartbeats(node):
    members = await group_load.connected(node.port, [f"group-{number}" for number in range(GROUPS)])
    await group_load.coordinator_ready(members[0])
    await group_load.stable(members)
    await beat(members, 3)
    before = processes.cpu_seconds(node.pid)
    rounds = 10
    await beat(members, rounds)
    share = (processes.cpu_seconds(node.pid) - before) / (rounds * HEARTBEAT_SECONDS)
    yielded = [
        (f"{GROUPS:,} groups with heartbeats: share of one core", share * 100, "%"),
        (f"{GROUPS:,} groups: resident memory", processes.resident_megabytes(node.pid), "MB"),
    ]
    group_load.close(members)
    return yielded


async def beat(members, rounds):
    """Each member sends a heartbeat every three seconds, all of them spread over that time."""
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def one(member, delay):
        for number in range(rounds):
            await asyncio.sleep(begun + delay + number * HEARTBEAT_SECONDS - loop.time())
            if await member.heartbeat():
                raise SystemExit(f"{member.group} rebalances without a reason")

    spread = HEARTBEAT_SECONDS / len(members)
    await asyncio.gather(*(one(member, index * spread) for index, member in enumerate(members)))
    await asyncio.sleep(begun + rounds * HEARTBEAT_SECONDS - loop.time())


def commits(kind, _):
    """CPU of committing offsets one by one."""
    with kind() as node:
        kafka.tool("kafka-topics", "--bootstrap-server", node.bootstrap, "--create", "--topic", "load", "--partitions", 1)
        seconds = asyncio.run(committed(node))
        yield "CPU-seconds for a million commits of one offset", seconds * 1_000_000 / COMMITS, "s"


async def committed(node):
    members = await group_load.connected(node.port, [f"group-{number}" for number in range(COMMITTING_GROUPS)])
    await group_load.coordinator_ready(members[0])
    await group_load.stable(members)

    async def some(member, first):
        for offset in range(first, first + COMMITS // len(members)):
            await member.commit("load", offset)

    await asyncio.gather(*(some(member, 0) for member in members))
    before = processes.cpu_seconds(node.pid)
    await asyncio.gather(*(some(member, COMMITS) for member in members))
    seconds = processes.cpu_seconds(node.pid) - before
    group_load.close(members)
    return seconds


def rebalance(kind, _):
    """A large group takes one more member."""
    with kind() as node:
        seconds = asyncio.run(rebalanced(node))
        yield f"a member joins a group of {MEMBERS:,}: until all have synced", seconds, "s"


async def rebalanced(node):
    members = await group_load.connected(node.port, ["large"] * (MEMBERS + 1))
    await group_load.coordinator_ready(members[0])
    newcomer = members.pop()
    await group_load.stable(members)
    begun = time.monotonic()
    joining = asyncio.ensure_future(newcomer.join())

    async def follow(member):
        while not await member.heartbeat():
            await asyncio.sleep(0.01)
        await member.join()
        await member.sync()

    await asyncio.gather(*(follow(member) for member in members))
    await joining
    await newcomer.sync()
    seconds = time.monotonic() - begun
    group_load.close([*members, newcomer])
    return seconds


def transactions(kind, _):
    """CPU of small transactions."""
    with kind() as node:
        wire.create_topic(node.port, "load", TRANSACTION_PARTITIONS, {})
        load = (node.bootstrap, "load", TRANSACTION_PARTITIONS, TRANSACTIONS, TRANSACTION_RECORDS)
        command = kafka.java("TransactionWriter", *load, classes=kafka.compiled("TransactionWriter"))
        write = lambda: processes.run(command, seconds=600)  # noqa: E731
        write()
        seconds = cpu_of(node, write)
        yield f"CPU of a transaction, {TRANSACTION_RECORDS} records, {TRANSACTION_PARTITIONS} partitions", seconds * 1000 / TRANSACTIONS, "ms"


def list(kind, _):  # noqa: A001 - measurements are named as on the command line
    """What it costs to ask for the names of topics."""
    with kind() as node:
        for number in range(LISTED_TOPICS):
            kcat.produce(node, f"topic-{number:03}", [b"x"])
        command = listing(kind, node)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        names = processes.run(command).split()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if sum(name.startswith(b"topic-") for name in names) != LISTED_TOPICS:
            raise SystemExit(f"{node.name}: topics are missing in {names}")
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        counted = ["valgrind", "--tool=lackey", "--basic-counts=yes", "--smc-check=all-non-file", f"--log-file={node.scratch}/lackey"]
        processes.run([*counted, *command], seconds=1_800)
        told = (node.scratch / "lackey").read_text()
        instructions = int(re.search(r"guest instrs:\s+([\d,]+)", told).group(1).replace(",", ""))
        yield f"instructions to list {LISTED_TOPICS} topics", instructions / 1e6, "million"
        yield f"CPU time to list {LISTED_TOPICS} topics", seconds * 1000, "ms"


def listing(kind, node):
    """The command that lists topics, by their names alone."""
    if kind is brokers.Milena:
        return [node.binary(), "topic", "list", "-b", node.bootstrap, "-o", "name", "--timeout", "10m"]
    patience = node.scratch / "patience.properties"
    patience.write_text("".join(f"{key}={value}\n" for key, value in PATIENCE.items()))
    return kafka.java(kafka.TOOLS["kafka-topics"], "--bootstrap-server", node.bootstrap, "--command-config", patience, "--list")


def clients(name, megabytes):
    """Both client libraries at the same broker."""
    rows = {}
    with brokers.KINDS[name](overrides={"num.partitions": client_load.PARTITIONS}) as node:
        for library, title, figure, unit in client_load.measured(node, megabytes):
            print(f"{name}: {library}: {title}: {figure:.3f} {unit}", file=sys.stderr, flush=True)
            rows.setdefault(f"{title} ({name})", (unit, {}))[1][library] = figure
    table(rows, client_load.LIBRARIES)


def table(rows, names):
    """Measured figures side by side, with the ratio of the first to the second."""
    print(f"\n| measured | {' | '.join(names)} |{' ratio |' if len(names) == 2 else ''}")
    print("|---|" + "---:|" * (len(names) + (len(names) == 2)))
    for title, (unit, figures) in rows.items():
        cells = [f"{figures[name]:.3g} {unit}" if figures[name] < 1000 else f"{figures[name]:,.0f} {unit}" for name in names]
        if len(names) == 2:
            cells.append(f"{figures[names[0]] / figures[names[1]]:.2g}")
        print(f"| {title} | {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--only", choices=sorted(brokers.KINDS))
    parser.add_argument("measurements", nargs="*", metavar="MEASUREMENT", help=f"of: {', '.join(MEASUREMENTS)}")
    options = parser.parse_args()
    if unknown := set(options.measurements) - set(MEASUREMENTS):
        parser.error(f"no such measurement: {', '.join(unknown)}")
    names = [options.only] if options.only else ["milena", "oracle"]
    rows = {}
    for measurement in options.measurements or MEASUREMENTS:
        for name in names:
            if measurement == "clients":
                clients(name, options.megabytes)
                continue
            for title, figure, unit in globals()[measurement](brokers.KINDS[name], options.megabytes):
                print(f"{name}: {title}: {figure:.3f} {unit}", file=sys.stderr, flush=True)
                rows.setdefault(title, (unit, {}))[1][name] = figure
    if rows:
        table(rows, names)


if __name__ == "__main__":
    try:
        main()
    except (processes.Overdue, subprocess.SubprocessError) as failure:
        sys.exit(f"not measured: {failure}")
