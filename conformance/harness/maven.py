"""Maven projects of this directory, built into the cache with the libraries that they name."""

import shutil
import threading

from harness import kafka, processes
from harness.checks import equal
from harness.clients import CACHE


class Project:
    """A directory with a pom.xml; its output goes to the directory that the property `built` names."""

    def __init__(self, name):
        self.sources, self.built = kafka.HERE / name, CACHE / name.replace("/", "-")
        self.building = threading.Lock()

    def build(self):
        """Builds the project where it changed since the last time."""
        with self.building:
            mark = self.built / "complete"
            newest = max(file.stat().st_mtime for file in self.sources.rglob("*") if file.is_file())
            if not mark.exists() or mark.stat().st_mtime < newest:
                # Libraries of other versions must not stay.
                shutil.rmtree(self.built, ignore_errors=True)
                self.built.mkdir(parents=True)
                where = ["--file", str(self.sources / "pom.xml"), f"-Dbuilt={self.built}"]
                goals = ["compile", "dependency:copy-dependencies", f"-DoutputDirectory={self.built / 'libraries'}"]
                done = processes.finish(["mvn", "--quiet", "--batch-mode", *where, *goals], seconds=900)
                # Maven complains on standard output.
                equal(done.returncode, 0, f"how Maven ended: {done.stdout.decode(errors='replace')[:1500]}")
                mark.touch()

    def java(self, main, *arguments, jvm=()):
        """The command line that runs a class of the project or of its libraries."""
        path = f"{self.built / 'classes'}:{self.built / 'libraries'}/*"
        return ["java", *kafka.TOOL_JVM, *jvm, "-Djava.awt.headless=true", "-cp", path, main, *map(str, arguments)]
