"""The nodes that suites run against: Milena's release binary, and Apache Kafka as the oracle, with one interface.

A node keeps its ports over restarts, so that clients find it again.
"""

import base64
import os
import pathlib
import shutil
import tempfile
import uuid

from harness import kafka, processes, wire

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Node:
    """One node on a data directory."""

    start_seconds = 60
    stop_seconds = 60

    def __init__(self, data=None, overrides=None):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="milena-conformance-"))
        self.data = pathlib.Path(data) if data else self.scratch / "data"
        self.overrides = dict(overrides or {})
        self.port = processes.free_port()
        self.process = None
        self.log = self.scratch / "log"

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, failure, trace):
        if failure is not None:
            print(f"       last words of the {self.name}:\n{self.last_words()}", flush=True)
        self.close()

    def close(self):
        """Ends the process and removes what it kept here."""
        if self.process is not None:
            processes.kill(self.process)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def start(self):
        """Starts the node and returns when it answers clients; a port that is taken is an error, never shared."""
        if processes.answers(self.port):
            raise processes.Overdue(f"port {self.port} is taken")
        self.prepare()
        self.spawn(self.command())
        ready = lambda: wire.brokers_known(self.port) > 0  # noqa: E731
        try:
            processes.wait_until(ready, self.start_seconds, f"{self.name} ready", alive=self.process)
        except processes.Overdue as overdue:
            raise processes.Overdue(f"{overdue}\n{self.last_words()}") from None
        self.started()
        return self

    def prepare(self):
        """What has to be done before the process starts."""

    def command(self):
        """The command line that starts the node."""
        raise NotImplementedError

    def started(self):
        """What has to hold once the node answers."""

    def spawn(self, command):
        """Starts the node's process with its output in the log."""
        with open(self.log, "ab") as log:
            self.process = processes.start(command, stdout=log, stderr=log)

    def kill(self):
        """kill -9."""
        processes.kill(self.process)

    def stop(self):
        """A clean stop."""
        processes.stop(self.process, self.stop_seconds)

    def said(self, words):
        """The lines of the node's log with these words in them."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [line for line in lines if words in line]

    def last_words(self):
        """The end of the node's log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(f"       | {line}" for line in text.splitlines()[-12:])


class Milena(Node):
    """The binary of this repository, as `cargo build --release` leaves it (or MILENA_BINARY)."""

    name = "milena"

    @staticmethod
    def binary():
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
        return os.environ.get("MILENA_BINARY") or str(target / "release/milena")

    @property
    def ready_file(self):
        return self.scratch / "ready"

    def prepare(self):
        self.ready_file.unlink(missing_ok=True)

    def command(self):
        command = [self.binary(), "--port", self.port, "--ready-file", self.ready_file]
        # The option would outdo the setting.
        command += [] if "log.dirs" in self.overrides else ["--data-dir", self.data]
        settings = [word for key, value in self.overrides.items() for word in ("--override", f"{key}={value}")]
        return [str(word) for word in command + settings]

    def started(self):
        written = lambda: self.ready_file.exists() and b"\n" in self.ready_file.read_bytes()  # noqa: E731
        processes.wait_until(written, 10, "milena's ready file", alive=self.process)
        first = self.ready_file.read_text().splitlines()[0]
        if first.rpartition(":")[2] != str(self.port):
            raise processes.Overdue(f"the ready file names {first}, not port {self.port}")


class Oracle(Node):
    """Apache Kafka as a combined node (broker and controller) on loopback."""

    name = "oracle"

    def __init__(self, data=None, overrides=None):
        super().__init__(data, overrides)
        self.controller_port = processes.free_port()
        self.jvm = ["-Xmx1G", "-Xms1G", "-XX:+UseG1GC"]

    def prepare(self):
        fresh = not (self.data / "meta.properties").exists()
        self.properties_file.write_text(self.properties(fresh))
        if fresh:
            # The letter in front keeps the id from looking like an option.
            cluster = "K" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
            kafka.tool("kafka-storage", "format", "--standalone", "-t", cluster, "-c", self.properties_file)

    def command(self):
        return kafka.java(kafka.TOOLS["kafka-server-start"], self.properties_file, jvm=self.jvm)

    @property
    def properties_file(self):
        return self.scratch / "server.properties"

    def properties(self, fresh):
        """A server.properties for a new directory, or for one that another node has left."""
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1" if fresh else self.node_of_directory(),
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.data,
            "offsets.topic.replication.factor": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
        }
        endpoint = f"127.0.0.1:{self.controller_port}"
        if not fresh and self.quorum_is_static():
            settings["controller.quorum.voters"] = f"{settings['node.id']}@{endpoint}"
        else:
            settings["controller.quorum.bootstrap.servers"] = endpoint
        settings.update(self.overrides)
        return "".join(f"{key}={value}\n" for key, value in settings.items())

    def node_of_directory(self):
        """The node id that a data directory belongs to."""
        lines = (self.data / "meta.properties").read_text().splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith("node.id="))

    def quorum_is_static(self):
        """Whether the voters stand in the configuration (kraft.version 0) and not in the metadata log."""
        state = self.data / "__cluster_metadata-0/quorum-state"
        return state.exists() and '"data_version":0' in state.read_text().replace(" ", "")


KINDS = {"milena": Milena, "oracle": Oracle}
