"""`milena storage` beside `kafka-storage`: what the one formats the other takes for its own, and the records are the same."""

import json
import pathlib
import re
import tempfile

from harness import brokers, kafka, processes
from harness.checks import case, equal, true

CLUSTER = "MkU3OEVBNTcwNTJENDM2Qk"


def run(world):
    if world.target != "milena":
        return
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for name, options in [("the defaults", ()), ("an older release", ("-r", "4.0")),
                              ("a feature left out", ("-f", "group.version=0")), ("a node that joins", ("-N",))]:
            formats_alike(scratch / name.replace(" ", "-"), name, options)
        tells_alike(scratch / "told")


def formats_alike(scratch, name, options):
    """Both format two directories with the same options; Kafka's dump tool reads the files of both."""
    ours, theirs = (scratch / "ours", scratch / "theirs")
    standalone = () if "-N" in options else ("-s",)
    milena("format", "-t", CLUSTER, "-c", properties(ours), *standalone, *options)
    kafka.tool("kafka-storage", "format", "-t", CLUSTER, "-c", properties(theirs), *standalone, *options)
    with case(f"milena storage format with {name} leaves the files that kafka-storage leaves"):
        equal(files(ours), files(theirs), "files")
    for file in sorted(file for file in files(theirs) if file.endswith("checkpoint")):
        with case(f"with {name}, {file.replace('/', ' of ', 1)} holds the records that Kafka writes"):
            equal(dumped(ours / file), dumped(theirs / file), "records")
    with case(f"with {name}, meta.properties is Kafka's but for the directory's id"):
        lines = lambda side: sorted(line for line in (side / "a/meta.properties").read_text().splitlines()  # noqa: E731
                                    if not line.startswith(("#", "directory.id=")))
        equal(lines(ours), lines(theirs), "lines")


def tells_alike(scratch):
    ours = properties(scratch / "ours")
    with case("kafka-storage info takes what milena formatted for formatted, and milena what kafka-storage formatted"):
        milena("format", "-t", CLUSTER, "-c", ours)
        told = kafka.tool("kafka-storage", "info", "-c", ours)
        true(f"cluster.id={CLUSTER}" in told and "node.id=7" in told and "problem" not in told, told)
        theirs = properties(scratch / "theirs")
        kafka.tool("kafka-storage", "format", "-t", CLUSTER, "-c", theirs, "-s")
        info = json.loads(milena("info", "-c", theirs, "-o", "json"))
        equal([info["cluster_id"], info["node_id"], info["problems"]], [CLUSTER, 7, []], "cluster, node, problems")
    with case("what one formatted, the other does not format again"):
        done = processes.finish([brokers.Milena.binary(), "storage", "format", "-t", CLUSTER, "-c", theirs])
        true(done.returncode == 1 and b"is formatted already" in done.stderr, done.stderr)
        done = processes.finish(kafka.java(kafka.TOOLS["kafka-storage"], "format", "-t", CLUSTER, "-c", ours, "-s"))
        true(done.returncode == 1 and b"is already formatted" in done.stderr, done.stderr)


def properties(directory):
    """The settings of a node with two directories below this one."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory.parent / f"{directory.name}.properties"
    file.write_text(f"""process.roles=broker,controller
node.id=7
listeners=PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:19093
log.dirs={directory}/a,{directory}/b
""")
    return file


def files(directory):
    found = (path for path in directory.rglob("*") if path.is_file() and path.name != ".lock")
    return sorted(str(path.relative_to(directory)) for path in found)


def dumped(file):
    """The records of a file of the metadata log, without times, sizes and random ids."""
    # The tool reads a file's kind from its name.
    kind = "--cluster-metadata-decoder"
    if file.name == "bootstrap.checkpoint":
        copy = file.parent.parent / f"{file.parent.name}-dump" / "00000000000000000000-0000000000.checkpoint"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(file.read_bytes())
        file = copy
    lines = kafka.tool("kafka-dump-log", kind, "--files", file).splitlines()
    records = [line for line in lines if line.lstrip("| ").startswith(("offset:", "baseOffset:"))]
    varying = r"(CreateTime|position|size|crc|lastContainedLogTimestamp\"?):? ?-?\d+|\"voterDirectoryId\":\"[^\"]*\""
    return [re.sub(varying, "", line) for line in records]


def milena(*words):
    return processes.run([brokers.Milena.binary(), "storage", *map(str, words)]).decode()
