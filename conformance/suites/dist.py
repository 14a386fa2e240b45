"""What `cargo xtask dist` has made, installed and started on this machine.

The Debian package goes into a copy-on-write view of this machine's own root (overlayfs in a mount namespace), the image's layer
into a directory that is all its node sees. Both need root, or sudo without a password. Apache Kafka is left out.
"""

import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import resource
import shutil
import struct
import subprocess
import tarfile
import tempfile

from harness import brokers, kcat, processes
from harness.checks import case, equal, true

UNIT = "/usr/lib/systemd/system/milena.service"
SETTINGS = "/etc/milena/server.properties"
SYSTEMD = "/lib/systemd/systemd"
# systemd's own measure, 0 to 100; a unit without hardening has 96.
EXPOSURE_MAX = 20
PT_INTERP = 3


def run(world):
    if world.target != "milena":
        return
    dist = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or brokers.ROOT / "target") / "dist"
    if not dist.exists():
        raise FileNotFoundError(f"{dist}: `cargo xtask dist` makes it")
    static(dist)
    again(dist)
    debian(dist)
    if pathlib.Path(SYSTEMD).exists():
        booted(dist)
    image(dist)


def static(dist):
    with case("the program is static: it asks for no loader"):
        program = (dist / "milena").read_bytes()
        equal(program[:4], b"\x7fELF", "its first bytes")
        offset, = struct.unpack_from("<Q", program, 32)
        size, count = struct.unpack_from("<HH", program, 54)
        kinds = [struct.unpack_from("<I", program, offset + at * size)[0] for at in range(count)]
        true(PT_INTERP not in kinds, "no program header names an interpreter")
    with case("it holds no path of the machine that built it"):
        home = str(pathlib.Path.home() / ".cargo")
        for path in (str(brokers.ROOT), home, str(dist.parent)):
            true(path.encode() + b"/" not in program, f"{path} is not in it")
    with Program(dist / "milena") as node:
        serves(node, "the static program")


def again(dist):
    with case("packaged again, package and image are the same bytes"):
        with tempfile.TemporaryDirectory() as other:
            options = ("--binary", str(dist / "milena"), "--out", f"{other}/dist")
            # The time that all its files bear stands in the header of the package's first member.
            epoch = package(dist).read_bytes()[24:36].decode().strip()
            command = ["cargo", "run", "--quiet", "--package", "xtask", "--", "dist", *options]
            processes.run(command, seconds=300, environment={**os.environ, "SOURCE_DATE_EPOCH": epoch})
            for name in ("milena-oci.tar", package(dist).name):
                first, second = (hashlib.sha256((at / name).read_bytes()).hexdigest() for at in (dist, pathlib.Path(other) / "dist"))
                equal(second, first, f"digest of {name}")


def debian(dist):
    with Root(package(dist)) as root:
        with case("the package is installed: program, settings, unit and user are there"):
            root.run("dpkg", "--install", "/milena.deb")
            equal(root.run("stat", "-c", "%U:%G %a", "/usr/bin/milena", SETTINGS, UNIT).split(),
                  "root:root 755 root:root 644 root:root 644".split(), "owners and modes")
            true("/var/lib/milena:" in root.run("getent", "passwd", "milena"), "the user has its home there")
            # What systemd does for StateDirectory=.
            root.run("install", "-d", "-o", "milena", "-g", "milena", "-m", "750", "/var/lib/milena")
        if shutil.which("systemd-analyze"):
            with case("systemd finds nothing wrong with the unit, and it well protected"):
                equal(root.run("systemd-analyze", "verify", UNIT), "", "what it has to say")
                root.run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", UNIT)
        with Installed(root) as node:
            serves(node, "the installed program, as the unit's user")
        with case("settings that were changed outlive an upgrade, and the records a removal"):
            root.run("sh", "-c", f"echo num.partitions=7 >> {SETTINGS}")
            root.run("dpkg", "--install", "/milena.deb")
            true("num.partitions=7" in root.run("cat", SETTINGS), "the line is still there")
            root.run("dpkg", "--purge", "milena")
            left = root.run("sh", "-c", f"ls {SETTINGS} /usr/bin/milena {UNIT} 2>/dev/null || true")
            equal(left, "", "files that are left")
            true("meta.properties" in root.run("ls", "/var/lib/milena"), "the records are left")


def booted(dist):
    with case("systemd starts the unit with all its protections, is told when it is ready, and stops it"):
        with Root(package(dist)) as root, Machine(root) as machine:
            told = machine.run("systemctl", "show", "milena.service", "--property=ActiveState,StatusText,NRestarts")
            equal(sorted(told.split("\n")[:3]), ["ActiveState=active", "NRestarts=0", "StatusText=clients connect at 127.0.0.1:9092"], "its state")
            equal(machine.run("/usr/bin/milena", "topic", "create", "booted"), "topic booted created\n", "what clients can do")
            limits = machine.run("sh", "-c", "cat /proc/$(systemctl show --property=MainPID --value milena.service)/limits")
            allowed, wanted = re.search(r"Max open files +(\d+)", limits)[1], re.search(r"LimitNOFILE=(\d+)", unit())[1]
            # A first process that was started with less than root may have gives no more than it has.
            true(int(allowed) in (int(wanted), resource.getrlimit(resource.RLIMIT_NOFILE)[1]), f"files it may open: {allowed}")
            machine.run("systemctl", "stop", "milena.service")
            equal(machine.run("systemctl", "show", "milena.service", "--property=Result"), "Result=success\n", "how it ended")


def image(dist):
    blobs = {}
    with case("the image layout names every blob by its digest, its size and its kind"):
        layout = dist / "oci"
        equal(json.loads((layout / "oci-layout").read_bytes()), {"imageLayoutVersion": "1.0.0"}, "the layout's version")
        index = json.loads((layout / "index.json").read_bytes())
        manifest = json.loads(blob(layout, index["manifests"][0], "manifest.v1+json", blobs))
        config = json.loads(blob(layout, manifest["config"], "config.v1+json", blobs))
        equal(len(manifest["layers"]), 1, "layers")
        layer = gzip.decompress(blob(layout, manifest["layers"][0], "layer.v1.tar+gzip", blobs))
        equal(config["rootfs"], {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}, "the root")
        equal((config["os"], config["architecture"]), ("linux", "amd64"), "its platform")
        equal(sorted(path.name for path in (layout / "blobs/sha256").iterdir()), sorted(blobs), "blobs, and none beside them")
    with case("the image as one file holds the same"):
        with tarfile.open(dist / "milena-oci.tar") as archive:
            for name in ("oci-layout", "index.json", *(f"blobs/sha256/{digest}" for digest in blobs)):
                equal(archive.extractfile(name).read(), (layout / name).read_bytes(), name)
    with Contained(config["config"], layer) as node:
        serves(node, "the container, with KAFKA_ variables")
        with case("the container's variables are settings, and a stop is clean"):
            kcat.produce(node, "of-five", [b"x"])
            listed = processes.run([dist / "milena", "topic", "list", "-b", node.bootstrap, "-o", "template={name} {partitions}"])
            true(b"of-five 5\n" in listed, f"KAFKA_NUM_PARTITIONS counts: {listed}")
            true((node.root / "var/lib/kafka/data/meta.properties").exists(), "the records are in the volume")
            equal(processes.stop(node.process, 30), 0, "exit code after SIGTERM")


def blob(layout, descriptor, kind, blobs):
    """The blob that a descriptor names, if it is as the descriptor says."""
    equal(descriptor["mediaType"], f"application/vnd.oci.image.{kind}", "media type")
    algorithm, _, digest = descriptor["digest"].partition(":")
    content = (layout / "blobs" / algorithm / digest).read_bytes()
    equal((hashlib.sha256(content).hexdigest(), len(content)), (digest, descriptor["size"]), "digest and size")
    blobs[digest] = content
    return content


def unit():
    return (brokers.ROOT / "packaging/milena.service").read_text()


def package(dist):
    return next(dist.glob("milena_*.deb"))


def serves(node, what):
    with case(f"{what} serves clients, and its command line lists their topics"):
        kcat.produce(node, "t", [b"x"])
        equal(kcat.consume(node, "t"), [b"x"], "records")
        listed = processes.run([node.binary(), "topic", "list", "-b", node.bootstrap, "-o", "name"])
        equal(listed, b"t\n", "topics")


def as_root():
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


class Program(brokers.Milena):
    """A program by its path."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def binary(self):
        return str(self.path)


class Root:
    """A view of this machine's root on which everything may be changed; nothing of it is left. The package is `/milena.deb` there."""

    def __init__(self, package):
        self.package = package

    def __enter__(self):
        beside = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="milena-root-", dir=beside))
        for name in ("upper", "work", "root"):
            (self.directory / name).mkdir()
        shutil.copy(self.package, self.directory / "upper/milena.deb")
        return self

    def __exit__(self, *_):
        processes.run([*as_root(), "rm", "-rf", str(self.directory)])

    def command(self, *command):
        """What runs a command there; the process is the command's own."""
        options = f"lowerdir=/,upperdir={self.directory}/upper,workdir={self.directory}/work"
        root = self.directory / "root"
        script = (f"mount -t overlay overlay -o {options} {root}; mount --rbind /proc {root}/proc; mount --rbind /dev {root}/dev; "
                  f'exec chroot {root} "$@"')
        return [*as_root(), "unshare", "--mount", "sh", "-ec", script, "sh", *map(str, command)]

    def run(self, *command):
        return processes.run(self.command(*command), seconds=120).decode()


class Machine:
    """systemd as the first process of its own namespaces (processes, network, mounts) on a root, with milena.service."""

    TARGET = "[Unit]\\nDefaultDependencies=no\\nWants=milena.service\\n"

    def __init__(self, root):
        self.root = root

    def __enter__(self):
        self.root.run("dpkg", "--install", "/milena.deb")
        # Of control groups it gets the hierarchy that systemd has here. What is read-only in /sys tells udev to stay away.
        script = (f"printf '{self.TARGET}' >etc/systemd/system/only.target; umount --lazy proc; mount -t proc proc proc; "
                  "mount -t sysfs -o ro sysfs sys; mount -t tmpfs tmpfs run; "
                  "if [ -d /sys/fs/cgroup/systemd ]; then mount -t tmpfs tmpfs sys/fs/cgroup; mkdir sys/fs/cgroup/systemd; "
                  "mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd; else mount -t cgroup2 cgroup2 sys/fs/cgroup; fi; "
                  "mkdir old; pivot_root . old; "
                  f"exec chroot . env container=conformance {SYSTEMD} --system --unit=only.target --log-target=null")
        own = ("unshare", "--pid", "--fork", "--kill-child", "--net", "--uts", "--ipc", "--cgroup", "--mount")
        outside = self.root.command("true")
        mounted = outside[outside.index("-ec") + 1].partition("exec chroot")[0]
        command = [*as_root(), *own, "sh", "-ec", f"{mounted} cd {self.root.directory}/root; {script}"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = processes.start(command, **quiet)
        processes.wait_until(self.is_active, 60, "milena.service active", alive=self.process)
        return self

    def __exit__(self, *_):
        # The first process takes everything in its namespaces with it.
        processes.run([*as_root(), "kill", "-KILL", str(self.first())])
        self.process.wait(timeout=30)
        processes.forget(self.process)

    def is_active(self):
        first = self.first()
        return first is not None and processes.finish(self.command("systemctl", "is-active", "milena.service")).stdout == b"active\n"

    def first(self):
        """The id, as it is outside, of the process that is systemd."""
        pids = [self.process.pid]
        for pid in pids:
            try:
                if pathlib.Path(f"/proc/{pid}/comm").read_text() == "systemd\n":
                    return pid
                pids += map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            except OSError:
                continue
        return None

    def command(self, *command):
        spaces = ("--mount", "--pid", "--net", "--uts", "--ipc", "--root", "--wd")
        return [*as_root(), "nsenter", "--target", str(self.first()), *spaces, *command]

    def run(self, *command):
        return processes.run(self.command(*command), seconds=60).decode()


class Installed(brokers.Milena):
    """The program that the package has installed, started as its unit starts it."""

    def __init__(self, root):
        super().__init__()
        self.root = root

    def command(self):
        rights = ("setpriv", "--reuid=milena", "--regid=milena", "--clear-groups", "--no-new-privs", "--bounding-set=-all")
        listener = f"KAFKA_LISTENERS=PLAINTEXT://127.0.0.1:{self.port}"
        return self.root.command("env", listener, *rights, "/usr/bin/milena", "start", "--config", SETTINGS)

    def started(self):
        """It writes no ready file: the program has no directory in common with this one."""


class Contained(brokers.Milena):
    """The image's node, with nothing around it but its layer."""

    def __init__(self, config, layer):
        super().__init__()
        self.config = config
        self.root = self.scratch / "root"
        with tarfile.open(fileobj=io.BytesIO(layer)) as files:
            files.extractall(self.root, filter="fully_trusted")

    def command(self):
        variables = self.config["Env"] + [
            f"KAFKA_LISTENERS=PLAINTEXT://127.0.0.1:{self.port}",
            f"KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:{self.port}",
            "KAFKA_NUM_PARTITIONS=5",
        ]
        # /dev and /proc are what every runtime has to mount (OCI runtime specification, Linux: default file systems).
        script = (f"mkdir -p {self.root}/dev {self.root}/proc; mount --rbind /dev {self.root}/dev; mount --rbind /proc {self.root}/proc; "
                  f'exec env -i "$@"')
        chroot = ["/usr/sbin/chroot", f"--userspec={self.config['User']}", str(self.root)]
        isolated = [*as_root(), "unshare", "--mount", "sh", "-ec", script, "sh"]
        return [*isolated, *variables, *chroot, *self.config["Entrypoint"], *self.config["Cmd"]]

    def started(self):
        """It writes no ready file."""
