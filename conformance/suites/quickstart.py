"""The transcript of docs/quickstart.md over all 336,776 flights of 2013 instead of one day's.

`cargo test` compares what each command prints; here it counts that the three consumers of the group share all flights:
each is seen once, by whoever has its partition, with an airplane's flights in order at one of them. Apache Kafka is left out.
"""

import collections
import os
import pathlib
import re
import signal
import stat
import subprocess
import tempfile

from harness import brokers, flights, processes
from harness.checks import case, equal, true

PAGE = brokers.ROOT / "docs/quickstart.md"
BLOCK = re.compile(r"^```console(?P<options>[^\n]*)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
CONSUMERS = ("one", "two", "three")
# What the page types as `milena`: the binary under test, a node at a port that is free, clients that find it there.
WRAPPER = """#!/bin/sh
case "$1" in
'') exec {binary} --port {port} ;;
esac
exec {binary} "$@" --bootstrap-server 127.0.0.1:{port}
"""


def run(world):
    if world.target != "milena":
        return
    sent = flights.keyed_lines()
    sent = sent[: world.amount(len(sent), 20_000)]
    with tempfile.TemporaryDirectory() as directory:
        reader = Reader(pathlib.Path(directory), sent)
        try:
            with case(f"the commands of the quickstart go well over {len(sent)} flights"):
                reader.read(until="group describe")
            with case("the three consumers of its group see every flight once, and none is left"):
                processes.wait_until(lambda: reader.seen() >= len(sent), 120, "all flights printed")
                shared_out(reader, sent)
            with case("what comes next is shared out as well; the node stops cleanly"):
                reader.read()
                equal(reader.terminals["node"].wait(timeout=60), 0, "exit code of the node")
        finally:
            reader.close()


class Reader:
    """Somebody who types what the page shows, each terminal's last command going on until ^C."""

    def __init__(self, directory, sent):
        self.folder, self.output, self.terminals = directory / "folder", directory / "output", {}
        self.folder.mkdir()
        self.output.mkdir()
        wrapper = directory / "milena"
        wrapper.write_text(WRAPPER.format(binary=brokers.Milena.binary(), port=processes.free_port()))
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
        # The page copies one day's flights from here.
        data = directory / "source/docs/data"
        data.mkdir(parents=True)
        lines = (value if key is None else key + b"\t" + value for key, value in sent)
        (data / "flights-2013-01-01.tsv").write_bytes(b"".join(line + b"\n" for line in lines))
        self.environment = {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}", "MILENA": str(directory / "source")}
        self.steps = self.steps_of(PAGE.read_text())

    @staticmethod
    def steps_of(page):
        """Pairs of a terminal, empty for the one where commands end, and a command."""
        for block in BLOCK.finditer(page):
            named = re.search(r"terminal=(\w+)", block["options"])
            for line in block["text"].splitlines():
                if line.startswith("$ ") or line == "^C":
                    yield (named[1] if named else ""), line.removeprefix("$ ")

    def read(self, until=None):
        """Types the commands up to the first that holds `until`, or all that are left."""
        for terminal, command in self.steps:
            if command == "^C":
                os.killpg(self.terminals[terminal].pid, signal.SIGINT)
                self.terminals[terminal].wait(timeout=60)
            elif terminal:
                said = self.output / f"{terminal}.said"
                with open(self.output / terminal, "wb") as output, open(said, "wb") as errors:
                    shell = ["sh", "-c", f"exec {command}"]
                    started = processes.start(
                        shell, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
                self.terminals[terminal] = started
                if terminal == "node":
                    # Nobody types on before.
                    processes.wait_until(lambda: b"is ready" in said.read_bytes(), 60, "the node says that it is ready", started)  # noqa: B023
            else:
                # What asks about the group does so until there is one.
                seconds = 60 if "readers" in command else 0
                processes.wait_until(lambda: self.typed(command).returncode == 0, seconds, f"{command} ends well")  # noqa: B023
            if until and until in command:
                return

    def typed(self, command):
        """A command to its end."""
        shell = ["sh", "-c", command]
        return subprocess.run(shell, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)

    def seen(self):
        return sum((self.output / name).read_bytes().count(b"\n") for name in CONSUMERS)

    def close(self):
        for process in self.terminals.values():
            processes.kill(process)


def shared_out(reader, sent):
    keys, places = collections.Counter(), collections.defaultdict(set)
    for name in CONSUMERS:
        lines = (reader.output / name).read_text().splitlines()
        for line in lines:
            key, partition = re.fullmatch(rf"{name} has (.*) from partition (\d+)", line).groups()
            keys[key] += 1
            places[key].add(partition)
    expected = collections.Counter((key or b"").decode() for key, _ in sent)
    equal(sum(keys.values()), sum(expected.values()), "flights seen")
    true(keys == expected, "each airplane's flights are seen as often as it flew")
    scattered = [key for key, found in places.items() if key and len(found) > 1]
    equal(scattered, [], "airplanes in more than one partition")
