"""The verbs of `milena` against Apache Kafka and against Milena; Kafka's own tools say what became of a change."""

import datetime
import fcntl
import json
import os
import pty
import select
import struct
import termios
import time

from harness import brokers, kafka, kcat, processes
from harness.checks import case, equal, true


def run(node):
    topics(node)
    groups(node)
    configs(node)
    nodes(node)
    partitions(node)
    measures(node)
    failures(node)


def topics(node):
    server = ("--bootstrap-server", node.bootstrap)
    with case(f"{node.name}: milena topic create makes what kafka-topics describes"):
        equal(told(node, "topic", "create", "made", "-p", 3, "-c", "retention.ms=60000"), ["topic made created"], "told")
        described = kafka.tool("kafka-topics", *server, "--describe", "--topic", "made")
        true("PartitionCount: 3" in described and "retention.ms=60000" in described, described)
    with case(f"{node.name}: milena topic create --dry-run makes nothing"):
        equal(told(node, "topic", "create", "unmade", "--dry-run"), ["topic unmade would be created"], "told")
        equal(told(node, "topic", "list", "unmade", "-o", "name"), [], "topics of that name")
    with case(f"{node.name}: milena topic create --if-not-exists leaves what exists"):
        equal(told(node, "topic", "create", "made", "--if-not-exists"), ["topic made exists"], "told")
    with case(f"{node.name}: milena topic list names what kafka-topics names"):
        theirs = kafka.tool("kafka-topics", *server, "--list", "--exclude-internal").split()
        equal(told(node, "topic", "list", "-o", "name"), sorted(theirs), "topics")
    with case(f"{node.name}: milena topic describe tells partitions, replicas and keys"):
        [topic] = answer(node, "topic", "describe", "made")
        equal(topic["configs"], {"retention.ms": "60000"}, "keys")
        equal([partition["partition"] for partition in topic["partitions"]], [0, 1, 2], "partitions")
        equal({tuple(partition["in_sync_replicas"]) for partition in topic["partitions"]}, {(topic["partitions"][0]["leader"],)},
              "replicas in sync")
    with case(f"{node.name}: milena topic alter adds partitions and changes keys at once"):
        changed = told(node, "topic", "alter", "made", "-p", 5, "-c", "max.message.bytes=2000", "--unset", "retention.ms")
        equal(changed, ["topic made altered"], "told")
        described = kafka.tool("kafka-topics", *server, "--describe", "--topic", "made")
        true("PartitionCount: 5" in described and "max.message.bytes=2000" in described, described)
        true("retention.ms" not in described, described)
    with case(f"{node.name}: milena topic alter changes nothing where a part of it is refused"):
        refused(node, 4, "INVALID_CONFIG", "topic", "alter", "made", "-p", 6, "-c", "no.such.key=1")
        equal(len(answer(node, "topic", "describe", "made")[0]["partitions"]), 5, "partitions")
    with case(f"{node.name}: milena topic delete deletes, and only that"):
        told(node, "topic", "create", "gone", "kept")
        equal(told(node, "topic", "delete", "gone", "--dry-run"), ["topic gone would be deleted"], "told")
        equal(told(node, "topic", "delete", "gone"), ["topic gone deleted"], "told")
        known = kafka.tool("kafka-topics", *server, "--list").split()
        true("gone" not in known and "kept" in known, known)


def groups(node):
    server = ("--bootstrap-server", node.bootstrap)
    begun = datetime.datetime.now(datetime.timezone.utc)
    told(node, "topic", "create", "read", "-p", 1)
    kcat.produce(node, "read", [b"%d" % number for number in range(10)], "-p", 0)
    reset = lambda *options: told(node, "group", "reset", "readers", *options, "-o", "template={new}")  # noqa: E731
    committed = lambda: [row["committed"] for row in answer(node, "group", "describe", "readers")[0]["offsets"]]  # noqa: E731
    with case(f"{node.name}: milena group reset tells a plan, and commits with --execute what kafka-consumer-groups shows"):
        equal(reset("-t", "read", "--to-offset", 4), ["4"], "plan")
        refused(node, 3, "readers", "group", "describe", "readers")
        equal(reset("-t", "read", "--to-offset", 4, "--execute"), ["4"], "done")
        theirs = kafka.tool("kafka-consumer-groups", *server, "--describe", "--group", "readers", "--offsets")
        row = next(line.split() for line in theirs.splitlines() if line.startswith("readers"))
        equal(row[1:6], ["read", "0", "4", "10", "6"], "topic, partition, committed, end, lag")
    with case(f"{node.name}: milena group describe tells the lag"):
        [group] = answer(node, "group", "describe", "readers")
        equal((group["state"], group["lag"]), ("Empty", 6), "state and lag")
    for options, expected in [(("--shift-by", -3), 1), (("--shift-by", 100), 10), (("--to-earliest",), 0), (("--to-latest",), 10),
                              (("--to-datetime", begun.strftime("%Y-%m-%dT%H:%M:%SZ")), 0), (("--by-duration", "1h"), 0),
                              (("--to-datetime", "9999-01-01"), 10), (("--to-current",), 10)]:
        with case(f"{node.name}: milena group reset {options[0]} {'' if len(options) == 1 else 'with a value'} to {expected}"):
            equal(reset(*options, "--execute"), [str(expected)], "plan")
            equal(committed(), [expected], "committed")
    with case(f"{node.name}: milena group reset --from-file takes a plan"):
        plan = node.scratch / "plan.csv"
        plan.write_text("read,0,7\n")
        equal(reset("--from-file", plan, "--execute"), ["7"], "plan")
        equal(committed(), [7], "committed")
    with case(f"{node.name}: milena group list names what kafka-consumer-groups names"):
        theirs = kafka.tool("kafka-consumer-groups", *server, "--list").split()
        equal(told(node, "group", "list", "-o", "name"), sorted(theirs), "groups")
    with case(f"{node.name}: milena group delete deletes the group"):
        equal(told(node, "group", "delete", "readers", "--dry-run"), ["group readers would be deleted"], "told")
        equal(told(node, "group", "delete", "readers"), ["group readers deleted"], "told")
        refused(node, 3, "readers", "group", "describe", "readers")


def configs(node):
    server = ("--bootstrap-server", node.bootstrap, "--entity-type", "topics", "--entity-name", "keyed", "--describe")
    told(node, "topic", "create", "keyed", "plain")
    with case(f"{node.name}: milena config set and unset change what kafka-configs shows"):
        told(node, "config", "set", "topic", "keyed", "retention.ms=1234", "cleanup.policy+=compact")
        described = kafka.tool("kafka-configs", *server)
        true("retention.ms=1234" in described and "cleanup.policy=delete,compact" in described, described)
        told(node, "config", "unset", "topic", "keyed", "cleanup.policy")
        described = kafka.tool("kafka-configs", *server)
        true("retention.ms=1234" in described and "cleanup.policy=" not in described, described)
    with case(f"{node.name}: milena config set --dry-run sets nothing and says what is refused"):
        equal(told(node, "config", "set", "topic", "keyed", "retention.ms=1", "--dry-run"),
              ["topic keyed: retention.ms would be set"], "told")
        refused(node, 4, "INVALID_CONFIG", "config", "set", "topic", "keyed", "retention.ms=soon", "--dry-run")
        equal(told(node, "config", "describe", "topic", "keyed", "retention.ms", "-o", "template={value}"), ["1234"], "value")
    with case(f"{node.name}: milena config diff tells the keys that differ"):
        differing = answer(node, "config", "diff", "topic", "keyed", "plain")
        equal(differing, [{"name": "retention.ms", "left": "1234", "right": "604800000"}], "keys")
    with case(f"{node.name}: milena config describe suggests a key for a mistyped one"):
        refused(node, 3, "did you mean retention.ms?", "config", "describe", "topic", "keyed", "retention.m")


def nodes(node):
    with case(f"{node.name}: milena node list and cluster describe tell where the broker is"):
        [listed] = answer(node, "node", "list")
        equal(listed["address"], node.bootstrap, "address")
        cluster = answer(node, "cluster", "describe")
        theirs = kafka.tool("kafka-cluster", "cluster-id", "--bootstrap-server", node.bootstrap)
        true(cluster["name"] in theirs, f"{cluster['name']} in {theirs}")
        [directory] = answer(node, "node", "describe", listed["name"])["directories"]
        true("keyed-0" in {it["partition"] for it in directory["partitions"]}, directory)


def partitions(node):
    with case(f"{node.name}: milena partition delete-records leaves what kcat then reads"):
        told(node, "topic", "create", "cut", "-p", 1)
        kcat.produce(node, "cut", [b"%d" % number for number in range(5)], "-p", 0)
        equal(told(node, "partition", "delete-records", "cut-0=3"), ["cut-0: records before 3 deleted"], "told")
        equal(kcat.consume(node, "cut"), [b"3", b"4"], "records")
        refused(node, 4, "OFFSET_OUT_OF_RANGE", "partition", "delete-records", "cut-0=9")
    with case(f"{node.name}: milena quota set and unset change what kafka-configs shows"):
        shown = lambda: kafka.tool("kafka-configs", "--bootstrap-server", node.bootstrap, "--describe", "--entity-type", "users", "--entity-name", "anna")  # noqa: E731
        told(node, "quota", "set", "producer_byte_rate=1000", "--user", "anna")
        true("producer_byte_rate=1000" in shown(), shown())
        told(node, "quota", "unset", "producer_byte_rate", "--user", "anna")
        true("producer_byte_rate" not in shown(), shown())
    with case(f"{node.name}: milena feature list and cluster quorum tell what Kafka's tools tell"):
        features = {feature["name"]: feature for feature in answer(node, "feature", "list")}
        theirs = kafka.tool("kafka-features", "--bootstrap-server", node.bootstrap, "describe")
        row = next(line.split() for line in theirs.splitlines() if "transaction.version" in line)
        equal(str(features["transaction.version"]["level"]), row[row.index("FinalizedVersionLevel:") + 1], "level")
        status = kafka.tool("kafka-metadata-quorum", "--bootstrap-server", node.bootstrap, "describe", "--status")
        quorum = answer(node, "cluster", "quorum")
        true(f"LeaderId: {quorum['leader']}" in " ".join(status.split()), status)
    with case(f"{node.name}: moves and elections are refused or not needed as Kafka says"):
        node_id = answer(node, "node", "list")[0]["name"]
        equal(told(node, "partition", "reassign", f"cut-0={node_id}"), [f"partition cut-0 moved to {node_id}"], "told")
        equal(told(node, "partition", "elect", "cut-0"), ["leader of cut-0 not needed"], "told")
        refused(node, 4, "NO_REASSIGNMENT_IN_PROGRESS", "partition", "reassign", "cut-0=")
        refused(node, 3, "RESOURCE_NOT_FOUND", "scram", "list", "anna")


def measures(node):
    with case(f"{node.name}: milena perf sends what kafka-get-offsets counts, reads it again, and times records"):
        told(node, "topic", "create", "measured", "-p", 2)
        equal(answer(node, "perf", "produce", "measured", "-c", 1000, "-s", 50)["bytes"], 50_000, "bytes")
        ends = kafka.tool("kafka-get-offsets", "--bootstrap-server", node.bootstrap, "--topic", "measured").split()
        equal(sum(int(end.rpartition(":")[2]) for end in ends), 1000, "records")
        equal(answer(node, "perf", "consume", "measured")["records"], 1000, "records read")
        equal(answer(node, "perf", "e2e", "measured", "-c", 20)["records"], 20, "records timed")
    with case(f"{node.name}: milena doctor finds nothing wrong with the cluster"):
        found = {finding["name"]: finding["state"] for finding in answer(node, "doctor", "--all")}
        equal([found[check] for check in ("brokers", "address", "partitions", "groups")], ["fine"] * 4, "states")
    with case(f"{node.name}: milena top draws on a terminal, takes keys, and leaves the terminal as it was"):
        terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 100, 0, 0))
        before = termios.tcgetattr(theirs)
        command = [brokers.Milena.binary(), "top", "--interval", "200ms", "--bootstrap-server", node.bootstrap]
        top = processes.start(command, stdin=theirs, stdout=theirs, stderr=theirs)
        drawn_until(terminal, b"[1 topics]")
        os.write(terminal, b"2/measured-1\r")
        drawn_until(terminal, b"1 rows with \"measured-1\" by PARTITION")
        os.write(terminal, b"q")
        drawn_until(terminal, b"\x1b[?1049l")
        equal(top.wait(timeout=20), 0, "exit code")
        true(termios.tcgetattr(theirs) == before, "the terminal is as it was")
        os.close(terminal)
        os.close(theirs)


def drawn_until(terminal, expected):
    """Reads what is drawn until it holds these bytes."""
    drawn, begun = b"", time.monotonic()
    while expected not in drawn:
        true(time.monotonic() - begun < 20, f"{expected!r} is drawn: {drawn[-300:]!r}")
        if select.select([terminal], [], [], 0.2)[0]:
            drawn += os.read(terminal, 65536)


def failures(node):
    with case(f"{node.name}: failures have exit codes by class"):
        refused(node, 2, "did you mean", "topic", "list", "-o", "jsn")
        refused(node, 3, "did you mean made?", "topic", "describe", "mode")
        refused(node, 4, "TOPIC_ALREADY_EXISTS", "topic", "create", "made")
        done = processes.finish([brokers.Milena.binary(), "topic", "list", "-b", f"127.0.0.1:{processes.free_port()}"])
        equal((done.returncode, b"unreachable" in done.stderr), (6, True), "exit code, and the reason")


def told(node, *words):
    """The lines that a command prints."""
    command = [brokers.Milena.binary(), *map(str, words), "--bootstrap-server", node.bootstrap]
    return processes.run(command).decode().splitlines()


def answer(node, *words):
    """What a command answers, for programs."""
    return json.loads("\n".join(told(node, *words, "-o", "json")))


def refused(node, code, reason, *words):
    """A command has to end with this exit code and give this reason."""
    command = [brokers.Milena.binary(), *map(str, words), "--bootstrap-server", node.bootstrap]
    done = processes.finish(command)
    true(done.returncode == code and reason in done.stderr.decode(), f"exit {done.returncode}: {done.stderr.decode()[-400:]}")
