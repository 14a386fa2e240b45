"""Apache Kafka's tools for those who administer a cluster: the same commands against the node under test and the oracle.

What they print has to be the same once addresses, ids, times and measured numbers are masked. Where a request is
refused, the exit code and the errors' names are compared: the words are the broker's own.
"""

import json
import re
from concurrent.futures import ThreadPoolExecutor

from harness import kafka, processes
from harness.checks import case, equal, true

SERVER = ("--bootstrap-server", "SERVER")


def run(world):
    with world.Node() as node, world.Oracle() as oracle:
        both = Pair(node, oracle)
        both.same("kafka-topics", *SERVER, "--create", "--topic", "t", "--partitions", "3")
        # Keys decide on the partition: without them it is drawn by lot.
        keyed = ("--reader-property", "parse.key=true", "--reader-property", "key.separator=:")
        both.same("kafka-console-producer", *SERVER, "--topic", "t", *keyed, stdin=b"one:1\ntwo:2\nthree:3\n")
        cluster(both)
        api_versions(both)
        log_dirs(both)
        quorum(both)
        features(both)
        elections(both)
        reassignments(both)


class Pair:
    """A node under test and the oracle, given the same commands."""

    def __init__(self, node, oracle):
        self.node, self.oracle = node, oracle

    def both(self, tool, *arguments, stdin=None):
        """What a tool prints on both, addresses and ids masked; SERVER stands for the node, SCRATCH for its directory."""
        ask = lambda node: output(node, tool, arguments, stdin)  # noqa: E731
        with ThreadPoolExecutor(2) as side_by_side:
            return tuple(side_by_side.map(ask, (self.node, self.oracle)))

    def same(self, tool, *arguments, mask=str, stdin=None):
        """Compares what a tool prints on both, and returns it; it has to succeed."""
        found, expected = map(mask, self.both(tool, *arguments, stdin=stdin))
        equal(found, expected, f"what {tool} {' '.join(arguments)} prints")
        true(found.endswith("exit 0"), f"{tool} {' '.join(arguments)} succeeds: {found}")
        return found

    def both_refuse(self, tool, *arguments):
        """Compares how a tool fails: exit code, names of errors, what could not be done."""
        found, expected = map(refusal, self.both(tool, *arguments))
        equal(found, expected, f"how {tool} {' '.join(arguments)} fails")
        true(not found.endswith("exit 0"), f"{tool} {' '.join(arguments)} fails: {found}")

    def write(self, name, content):
        """Leaves a file of JSON for the tools of both; its argument."""
        for node in (self.node, self.oracle):
            (node.scratch / name).write_text(json.dumps(content))
        return f"SCRATCH/{name}"


def output(node, tool, arguments, stdin):
    words = [word.replace("SERVER", node.bootstrap).replace("SCRATCH", str(node.scratch)) for word in arguments]
    done = processes.finish(kafka.java(kafka.TOOLS[tool], *words), stdin=stdin, seconds=60)
    text = f"{done.stdout.decode()}{done.stderr.decode()}exit {done.returncode}"
    text = text.replace(node.bootstrap, "SERVER").replace(str(node.data), "DATA").replace(str(node.scratch), "SCRATCH")
    return re.sub(r"\[20\d\d-[^\]]*\] ", "", text)


def refusal(text):
    names = set(re.findall(r"org\.apache\.kafka\.common\.errors\.(\w+)", text))
    undone = re.findall(r"^(?:Could not|Can not) [^.]* to \d+\.|^\d+ out of \d+ operation.*", text, re.MULTILINE)
    return "\n".join([*sorted(names), *undone, text.splitlines()[-1]])


def cluster(both):
    with case("kafka-cluster tells the cluster's id and its endpoints"):
        without_id = lambda text: re.sub(r"Cluster ID: \S{22}", "Cluster ID: ID", text)  # noqa: E731
        both.same("kafka-cluster", "cluster-id", *SERVER, mask=without_id)
        for fenced in ((), ("--include-fenced-brokers",)):
            both.same("kafka-cluster", "list-endpoints", *SERVER, *fenced, mask=endpoints)
    with case("kafka-cluster unregisters no broker that is not there"):
        both.both_refuse("kafka-cluster", "unregister", *SERVER, "--id", "77")


def endpoints(text):
    """The table's words; a port is as wide as it is long."""
    return re.sub(r"[ -]+", " ", re.sub(r"\b\d{5}\b", "PORT", text))


def api_versions(both):
    with case("kafka-broker-api-versions: what is served is served at Kafka's versions"):
        found, expected = both.both("kafka-broker-api-versions", *SERVER)
        served = [line for line in found.splitlines() if "UNSUPPORTED" not in line]
        known = [line.rstrip(",") for line in expected.splitlines()]
        equal([line for line in served if line.rstrip(",") not in known], [], "lines that Kafka does not print")
        true(len(served) >= 25, f"{len(served)} lines of what is served")
        equal(len(found.splitlines()), len(known), "lines")


def log_dirs(both):
    with case("kafka-log-dirs describes directories and replicas"):
        both.same("kafka-log-dirs", *SERVER, "--describe", mask=directories)
        both.same("kafka-log-dirs", *SERVER, "--describe", "--topic-list", "t,nobody", mask=directories)
        both.same("kafka-log-dirs", *SERVER, "--describe", "--broker-list", "1", mask=directories)
    with case("kafka-log-dirs knows the brokers there are"):
        both.both_refuse("kafka-log-dirs", *SERVER, "--describe", "--broker-list", "1,77")


def directories(text):
    """The description in order, without the room on the volumes and the sizes of batches, which depend on timing."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("{"):
            told = json.loads(line)
            for directory in (directory for broker in told["brokers"] for directory in broker["logDirs"]):
                directory["partitions"].sort(key=lambda it: it["partition"])
                for replica in directory["partitions"]:
                    replica["size"] = "BYTES" if replica["size"] > 0 else replica["size"]
                for field in ("totalBytes", "usableBytes"):
                    if field in directory:
                        directory[field] = "BYTES" if directory[field] > 0 else directory[field]
            lines[at] = json.dumps(told)
    return "\n".join(lines)


def quorum(both):
    with case("kafka-metadata-quorum describes the quorum"):
        both.same("kafka-metadata-quorum", *SERVER, "describe", "--status", mask=status)
        both.same("kafka-metadata-quorum", *SERVER, "describe", "--replication", mask=replication)
        both.same("kafka-metadata-quorum", *SERVER, "describe", "--replication", "--human-readable", mask=replication)


def status(text):
    text = re.sub(r"(ClusterId: +)\S{22}", r"\1ID", text)
    text = re.sub(r"(LeaderEpoch: +|HighWatermark: +)[1-9]\d*", r"\1NUMBER", text)
    text = re.sub(r'"directoryId": "\S{22}"', '"directoryId": "ID"', text)
    return re.sub(r'"CONTROLLER://[^"]+:\d+"', '"CONTROLLER://HOST:PORT"', text)


def replication(text):
    """The table's words: ids, offsets and times masked, columns as wide as what they hold."""
    lines = text.splitlines()
    rows = [re.sub(r"(?<=\t)\S{22}(?= *\t)", "ID", line) for line in lines]
    rows = [re.sub(r"\b\d+ ms ago", "TIME", re.sub(r"\b\d{13}\b", "TIME", row)) for row in rows]
    rows = [re.sub(r"ID( *\t)[1-9]\d*", r"ID\1OFFSET", row) for row in rows]
    return "\n".join(re.sub(r" +", " ", row) for row in rows)


def features(both):
    told = lambda text: re.sub(r"Epoch: \d+", "Epoch: NUMBER", text)  # noqa: E731
    tool = ("kafka-features", *SERVER)
    with case("kafka-features describes the levels of features"):
        both.same(*tool, "describe", mask=told)
        both.same(*tool, "describe", "--node-id", "1", mask=told)
    with case("kafka-features takes levels down and up again"):
        for dry in (("--dry-run",), ()):
            both.same(*tool, "downgrade", "--feature", "transaction.version=1", *dry)
            both.same(*tool, "describe", mask=told)
        both.same(*tool, "disable", "--feature", "group.version")
        both.same(*tool, "describe", mask=told)
        both.same(*tool, "upgrade", "--feature", "transaction.version=2", "--feature", "group.version=1")
        both.same(*tool, "describe", mask=told)
        both.same(*tool, "upgrade", "--release-version", "4.3")
    with case("kafka-features is refused what cannot be"):
        both.both_refuse(*tool, "upgrade", "--feature", "transaction.version=7")
        both.both_refuse(*tool, "upgrade", "--feature", "transaction.version=1")
        both.both_refuse(*tool, "downgrade", "--metadata", "4.2")
        both.both_refuse(*tool, "downgrade", "--metadata", "4.2", "--unsafe")
        both.both_refuse(*tool, "downgrade", "--feature", "kraft.version=0")
        both.both_refuse(*tool, "upgrade", "--feature", "no.such.feature=1")


def elections(both):
    tool = ("kafka-leader-election", *SERVER, "--election-type")
    with case("kafka-leader-election: nobody else is to lead"):
        for kind in ("preferred", "unclean"):
            both.same(*tool, kind, "--all-topic-partitions")
            both.same(*tool, kind, "--topic", "t", "--partition", "0")
        wanted = both.write("elections.json", {"partitions": [{"topic": "t", "partition": at} for at in range(2)]})
        both.same(*tool, "preferred", "--path-to-json-file", wanted, mask=in_order)
    with case("kafka-leader-election is told what is not there"):
        both.both_refuse(*tool, "preferred", "--topic", "t", "--partition", "9")
        both.both_refuse(*tool, "unclean", "--topic", "nobody", "--partition", "0")


def in_order(text):
    """Words in order: partitions are told in that of a hash map."""
    return " ".join(sorted(re.findall(r"[\w-]+", text.rsplit("exit", 1)[0]))) + " exit" + text.rsplit("exit", 1)[1]


def reassignments(both):
    tool = ("kafka-reassign-partitions", *SERVER)
    with case("kafka-reassign-partitions lists nothing where nothing is moved"):
        both.same(*tool, "--list")
    with case("kafka-reassign-partitions makes, executes and verifies a plan that moves nothing"):
        topics = both.write("topics.json", {"topics": [{"topic": "t"}], "version": 1})
        both.same(*tool, "--generate", "--topics-to-move-json-file", topics, "--broker-list", "1")
        plan = both.write("plan.json", plan_of("t", [1]))
        both.same(*tool, "--execute", "--reassignment-json-file", plan)
        both.same(*tool, "--verify", "--reassignment-json-file", plan, "--preserve-throttles")
        both.same(*tool, "--list")
    with case("kafka-reassign-partitions verifies and clears throttles"):
        both.same(*tool, "--verify", "--reassignment-json-file", plan)
    with case("kafka-reassign-partitions cancels nothing where nothing is moved"):
        both.same(*tool, "--cancel", "--reassignment-json-file", plan, "--preserve-throttles")
    with case("kafka-reassign-partitions is refused plans that cannot be"):
        both.both_refuse(*tool, "--execute", "--reassignment-json-file", both.write("far.json", plan_of("t", [77])))
        both.both_refuse(*tool, "--execute", "--reassignment-json-file", both.write("none.json", plan_of("nobody", [1])))


def plan_of(topic, replicas):
    return {"version": 1, "partitions": [{"topic": topic, "partition": at, "replicas": replicas} for at in range(3)]}
