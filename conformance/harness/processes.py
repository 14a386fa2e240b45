"""Processes that the harness starts: bounded waits, ended by id, nothing left behind."""

import atexit
import os
import random
import signal
import socket
import subprocess
import sys
import time

running = []


class Overdue(Exception):
    """Something did not happen within its bound."""


def start(command, **options):
    """Starts a process in a session of its own and remembers it, so that it ends with the harness at the latest."""
    process = subprocess.Popen(command, start_new_session=True, **options)
    running.append(process)
    return process


def kill(process):
    """Ends a process at once, as kill -9 does, and waits for it."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    forget(process)


def stop(process, seconds):
    """Asks a process to end, waits for it and returns its exit code; one that does not end in time is killed."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGTERM)
    try:
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(process)
        raise Overdue(f"process {process.args[0]} did not stop within {seconds} s of SIGTERM") from None
    forget(process)
    return code


def forget(process):
    """A process that has ended need not be ended again."""
    if process in running:
        running.remove(process)


def run(command, stdin=None, seconds=60, environment=None):
    """Runs a command to its end and returns its standard output; another exit code than 0 is an error."""
    done = finish(command, stdin, seconds, environment)
    if done.returncode != 0:
        complaint = done.stderr.decode(errors="replace").strip()[-1500:]
        raise subprocess.SubprocessError(f"{' '.join(map(str, command))[:300]} ended with {done.returncode}: {complaint}")
    return done.stdout


def finish(command, stdin=None, seconds=60, environment=None):
    """Runs a command to its end, whatever its exit code; one that takes longer is killed."""
    with_input = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    return subprocess.run(command, capture_output=True, timeout=seconds, env=environment, **with_input)


def wait_until(condition, seconds, what, alive=None, pause=0.002):
    """Asks again, after a pause in seconds, until the condition holds; a process that died meanwhile ends the wait."""
    deadline = time.monotonic() + seconds
    while not condition():
        if alive is not None and alive.poll() is not None:
            raise Overdue(f"{what}: the process ended with {alive.returncode}")
        if time.monotonic() > deadline:
            raise Overdue(f"{what}: not within {seconds} s")
        time.sleep(pause)


def free_port():
    """A port of the loopback address that nobody listens on.

    Below the ports that the kernel lends to outgoing connections: a connection to a port of those, while its node is
    down, can be given that very port as its own and then speaks with itself.
    """
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def answers(port):
    """Whether somebody listens on a port of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cpu_seconds(pid):
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid):
    """Memory of a process that is in RAM now."""
    with open(f"/proc/{pid}/status") as file:
        line = next(line for line in file if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


@atexit.register
def end_all():
    for process in list(running):
        kill(process)


# A harness that is told to end leaves by the same door as one that is done.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
