"""The client programs of conformance/clients: how each is built into the cache, started, and what it cannot do."""

import shutil
import sys
import threading

from harness import kafka, processes
from harness.programs import Program

SOURCES = kafka.HERE / "clients"
CACHE = kafka.CACHE.parent / "milena-clients"
SECONDS = 120


class Client:
    """One client library's program.

    `eager` is the strategy that its members have where it need not be cooperative.
    `lacks` names what the library cannot do, with the reason: a codec, "idempotence", "cooperative", "static", a step
    of admin, or a whole scenario.
    """

    def __init__(self, name, version, lacks=None, eager="range"):
        self.name, self.version, self.lacks, self.eager = name, version, lacks or {}, eager
        self.building = threading.Lock()

    @property
    def sources(self):
        return SOURCES / self.name

    @property
    def built(self):
        return CACHE / self.name

    def build(self):
        """Builds the program where its sources or its libraries changed since the last time."""
        with self.building:
            mark = self.built / "complete"
            newest = max(file.stat().st_mtime for file in self.sources.rglob("*") if file.is_file())
            if not mark.exists() or mark.stat().st_mtime < newest:
                self.built.mkdir(parents=True, exist_ok=True)
                self.make()
                mark.touch()

    def make(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    environment = {}

    def start(self, verb, parameters):
        self.build()
        return Program(self.command(), verb, parameters, self.environment)

    def run(self, verb, parameters, seconds=SECONDS):
        """Runs a verb to its end and returns what was reported."""
        return self.start(verb, parameters).finish(seconds)


class Python(Client):
    """A program in Python with a virtual environment of its own.

    `requirements` is the file that names its libraries; other libraries than the usual ones go into another environment.
    """

    def __init__(self, name, version, lacks=None, requirements="requirements"):
        super().__init__(name, version, lacks)
        self.requirements = requirements

    @property
    def built(self):
        return CACHE / (self.name if self.requirements == "requirements" else f"{self.name}-{self.requirements}")

    environment = {"PYTHONPATH": str(SOURCES / "python"), "PYTHONUNBUFFERED": "1"}

    def make(self):
        environment = self.built / "environment"
        shutil.rmtree(environment, ignore_errors=True)
        processes.run([sys.executable, "-m", "venv", str(environment)], seconds=120)
        needed = str(self.sources / f"{self.requirements}.txt")
        processes.run([str(environment / "bin/pip"), "install", "--quiet", "--no-deps", "-r", needed], seconds=600)

    def command(self):
        return [str(self.built / "environment/bin/python"), str(self.sources / "program.py")]


class Java(Client):
    """A program of some classes, compiled against Kafka's jars, whose client library is among them."""

    def make(self):
        sources = sorted(map(str, self.sources.glob("*.java")))
        processes.run(["javac", "-cp", f"{kafka.jars()}/*", "-d", str(self.built), *sources], seconds=120)

    def command(self):
        return kafka.java("Program", classes=self.built)


class Go(Client):
    """A package of the Go module that the programs in Go share."""

    def __init__(self, name, version, package, lacks=None):
        super().__init__(name, version, lacks)
        self.package = package

    @property
    def sources(self):
        return SOURCES / "go"

    def make(self):
        command = ["go", "build", "-C", str(self.sources), "-o", str(self.built / "program"), f"./{self.package}"]
        processes.run(command, seconds=600)

    def command(self):
        return [str(self.built / "program")]


class Node(Client):
    """A program in JavaScript: its sources beside its libraries."""

    def make(self):
        for source in self.sources.iterdir():
            shutil.copy(source, self.built / source.name)
        processes.run(["npm", "ci", "--silent", "--ignore-scripts", "--prefix", str(self.built)], seconds=600)

    def command(self):
        return ["node", str(self.built / "program.js")]


class Rust(Client):
    """A cargo package outside the workspace; its build output is kept, for it compiles a C library."""

    def make(self, *how):
        manifest, target = str(self.sources / "Cargo.toml"), str(self.built / "target")
        where = ("--manifest-path", manifest, "--target-dir", target)
        processes.run(["cargo", "build", "--quiet", "--locked", *where, *how], seconds=1800)

    def optimised(self):
        """The command of the program as it is built for measurements."""
        self.make("--release")
        return [str(self.built / f"target/release/{self.name}-program")]

    def command(self):
        return [str(self.built / f"target/debug/{self.name}-program")]


class Own(Rust):
    """The program of our own library: cargo knows best whether the library changed."""

    def build(self):
        with self.building:
            self.built.mkdir(parents=True, exist_ok=True)
            if not self.ready:
                self.make()
                self.ready = True

    ready = False


class Kcat(Client):
    """kcat as it is installed, behind a program that speaks the protocol for it."""

    environment = Python.environment

    def make(self):
        processes.run(["kcat", "-V"])

    def command(self):
        return [sys.executable, str(self.sources / "program.py")]


SKIPPED = "the library goes on with a sequence that leaves the failed record out"
OF_LIBRDKAFKA = {
    **dict.fromkeys(["number of fencing", "number of overdue transactions"], "librdkafka has a number of its own for it"),
    "going on after an error": SKIPPED,
}

CLIENTS = [
    Java("java", kafka.VERSION),
    Go("franz-go", "1.22.2", "franzgo", lacks={
        "offsets without a member": "the library sends offsets of its own member only",
    }),
    Go("sarama", "1.61.1", "sarama", lacks={
        "cooperative": "the library has no cooperative strategy",
        "consumer protocol": "the library does not speak it",
    }),
    Rust("rust-rdkafka", "0.39.0", lacks={
        **OF_LIBRDKAFKA,
        **dict.fromkeys(["group_offsets", "delete_offset"], "the library has no call for it"),
        "alter_config refused": "the library drops the errors of altered settings",
    }),
    Own("milena", "0.1.0"),
    Node("kafkajs", "2.2.4", eager="roundrobin", lacks={
        "lz4": "needs a plug-in; snappy's stands for them",
        "zstd": "needs a plug-in; snappy's stands for them",
        "cooperative": "the library has no cooperative strategy",
        "static": "the library has no static members",
        "consumer protocol": "the library does not speak it",
        "headers in order": "the library keeps headers by name",
        "create_topic codes": "the library answers false for a topic that exists",
        "late times": "the library answers with the end where no record is that late",
        "delete_offset": "its admin client has no call for it",
        "offsets by isolation": "its admin client cannot say which",
        "group metadata": "the library tells offsets of a transaction without the member's generation",
    }),
    Python("aiokafka", "0.14.0", lacks={
        **dict.fromkeys(["number of fencing", "number of overdue transactions"], "the library tells it without a number"),
        "group metadata": "the library tells offsets of a transaction without the member's generation",
        "going on after an error": SKIPPED,
        "consumer protocol": "the library does not speak it",
        "cooperative": "the library has no cooperative strategy",
        **dict.fromkeys(["list_offset", "commit_offset", "delete_group", "delete_offset"], "its admin client has no call for it"),
    }),
    Python("kafka-python", "3.0.12", lacks={
        "told of fencing": "a member that is fenced reports nothing",
        "going on after an error": SKIPPED,
        "consumer protocol": "the library does not speak it",
    }),
    Kcat("kcat", "1.7.1", lacks={
        "consumer protocol": "its librdkafka is older than that protocol",
        "transactions": "it commits one transaction at the end of what it sends, and can be told nothing else",
        **dict.fromkeys(["produce", "consume"], "the suite kcat has it"),
        "admin": "it has no such requests",
        "told of commits": "it does not tell what it committed",
        "reading without commits": "it commits in group mode, whatever enable.auto.commit says",
    }),
    Python("confluent-kafka", "2.16.1", lacks={**OF_LIBRDKAFKA, "delete_offset": "the library has no call for it"}),
]


def client(name):
    """The client of that name."""
    return next(each for each in CLIENTS if each.name == name)
