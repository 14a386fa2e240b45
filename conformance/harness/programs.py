"""Client programs at work: what they are told, and the lines of JSON that they report (clients/README.md)."""

import json
import os
import signal
import subprocess
import tempfile
import threading
import time

from harness import processes
from harness.checks import Mismatch


class Program:
    """A client program that runs; its reports arrive while it does."""

    def __init__(self, command, verb, parameters, environment=None):
        self.name = f"{verb} {parameters.get('group') or ''}".strip()
        self.reports = []
        self.news = threading.Condition()
        self.errors = tempfile.TemporaryFile()
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors}
        self.process = processes.start([*command, verb], env={**os.environ, **(environment or {})}, **pipes)
        self.tell(json.dumps(parameters))
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            try:
                report = json.loads(line)
            except ValueError:
                report = {"noise": line.decode(errors="replace")}
            report["at"] = time.monotonic()
            with self.news:
                self.reports.append(report)
                self.news.notify_all()
        with self.news:
            self.news.notify_all()

    def tell(self, line):
        """Writes a line to the program; one that has ended meanwhile is found out when its reports are awaited."""
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def wait(self, condition, seconds, what):
        """Waits until the condition holds of the reports and returns what it found; told on each new report."""
        deadline = time.monotonic() + seconds
        with self.news:
            while True:
                found = condition(self.reports)
                if found:
                    return found
                left = deadline - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self.reader.is_alive()):
                    ended = "" if self.process.poll() is None else f" (it ended with {self.process.returncode})"
                    raise Mismatch(f"{self.name}: {what}: not within {seconds} s{ended}: {self.last_words()}")
                self.news.wait(min(left, 0.2))

    def finish(self, seconds):
        """Waits for the program's own end and returns its reports; another exit code than 0 is a failure."""
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            words = self.last_words()
            self.kill()
            raise Mismatch(f"{self.name}: not done within {seconds} s: {words}") from None
        self.reader.join(timeout=10)
        processes.forget(self.process)
        if self.process.returncode != 0:
            raise Mismatch(f"{self.name}: ended with {self.process.returncode}: {self.last_words()}")
        return self.reports

    def kill(self):
        """kill -9."""
        processes.kill(self.process)

    def pause(self):
        """Stops the process, and those that it started, as SIGSTOP does: connections stay open and nothing is sent."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def last_words(self):
        """The last reports, and the end of what the library logged."""
        self.errors.seek(max(0, self.errors.seek(0, os.SEEK_END) - 1500))
        log = self.errors.read().decode(errors="replace").strip()
        reports = "; ".join(json.dumps({k: v for k, v in report.items() if k != "at"}) for report in self.reports[-3:])
        return f"reported last: {reports[-700:]}; logged: {log}"


def records(reports, run=None):
    """The records among some reports, of one run where it is given."""
    return [report for report in reports if "size" in report and (run is None or report["run"] == run)]
