"""Apache Kafka on this machine: its jars, resolved once by Maven, and its classes run by Java."""

import json
import os
import pathlib
import re
import subprocess

from harness import processes

HERE = pathlib.Path(__file__).resolve().parent.parent
VERSION = "4.3.1"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / f"milena-kafka-{VERSION}"
TOOL_JVM = ["-Xmx256M", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"]

# Kafka's command names and their classes.
TOOLS = {
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-groups": "org.apache.kafka.tools.GroupsCommand",
    "kafka-verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
    "kafka-verifiable-consumer": "org.apache.kafka.tools.VerifiableConsumer",
    "kafka-client-compatibility": "org.apache.kafka.tools.ClientCompatibilityTest",
    "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "kafka-dump-log": "org.apache.kafka.tools.DumpLogSegments",
    "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
    "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-features": "org.apache.kafka.tools.FeatureCommand",
    "kafka-metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
    "kafka-reassign-partitions": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
    "kafka-leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
    "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
    "kafka-transactions": "org.apache.kafka.tools.TransactionsCommand",
    "kafka-transactional-message-copier": "org.apache.kafka.tools.TransactionalMessageCopier",
    "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-storage": "kafka.tools.StorageTool",
    "kafka-server-start": "kafka.Kafka",
}


def jars():
    """The directory of Kafka's jars; Maven fetches them the first time."""
    directory = CACHE / "jars"
    if not (CACHE / "complete").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={directory}"]
        processes.run(["mvn", "--quiet", "--batch-mode", "--file", str(HERE / "kafka/pom.xml"), *goal], seconds=900)
        (CACHE / "complete").touch()
    return directory


def java(main, *arguments, jvm=TOOL_JVM, classes=None):
    """The command line that runs a class with Kafka's jars (and a directory of further classes) on its path."""
    path = f"{jars()}/*" if classes is None else f"{classes}:{jars()}/*"
    logging = f"-Dlog4j2.configurationFile={HERE / 'kafka/log4j2.yaml'}"
    return ["java", *jvm, logging, "-Djava.awt.headless=true", "-cp", path, main, *map(str, arguments)]


def tool(name, *arguments, stdin=None, seconds=120):
    """Runs one of Kafka's commands, named like its script, and returns its standard output as text."""
    return processes.run(java(TOOLS[name], *arguments), stdin=stdin, seconds=seconds).decode()


class Tools:
    """Kafka's commands, run one after the other in one Java process (java/Tools.java)."""

    def __init__(self):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = processes.start(java("Tools", classes=compiled("Tools")), **pipes)

    def run(self, name, *arguments):
        """What a command prints, on both outputs, and its exit code."""
        line = json.dumps([TOOLS[name], *map(str, arguments)])
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["text"], answer["exit"]

    def close(self):
        processes.kill(self.process)


def sorted_settings(text):
    """What kafka-topics describes with a topic's settings by name; Kafka shows them in the order of a hash map."""
    return re.sub(r"(?<=Configs: )\S+", lambda found: ",".join(sorted(found.group().split(","))), text)


def compiled(program):
    """The directory of the classes of a program in conformance/java, compiled against Kafka's jars when it changed.

    A program is one file, or a package: a directory of them.
    """
    package = HERE / "java" / program
    sources = sorted(package.glob("*.java")) if package.is_dir() else [package.with_suffix(".java")]
    classes = CACHE / "classes" / program
    mark = classes / "compiled"
    if not mark.exists() or mark.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        classes.mkdir(parents=True, exist_ok=True)
        processes.run(["javac", "-cp", f"{jars()}/*", "-d", str(classes), *map(str, sources)], seconds=120)
        mark.touch()
    return classes
