"""Finds, starts and stops Google's emulators of Firestore and Pub/Sub.

They are Java programs in the Google Cloud SDK. They are started with ``java``, not ``gcloud``, which leaves its Java
running when it is stopped. They listen only on the loopback interface.
"""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import NotFoundError, OrchestratorError
from orchestrator.system.leash import leashed

#: Where the SDK is installed: by Debian's and Red Hat's packages, Google's images and archive, and snap.
_SDKS = (
    "/usr/lib/google-cloud-sdk",
    "/usr/lib64/google-cloud-sdk",
    "/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "~/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
)

#: For a small process and a quick start; the second compiler would pay off only after minutes.
_JVM = ("-Duser.language=en", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

#: Seconds for a start; it takes 0.7 on an idle machine. One that takes this long hangs.
_TIMEOUT = 120.0

#: Another program may take the free port before Java does.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Kind:
    """An emulator. ``jar``: a pattern below the SDK's ``platform``; ``variable`` points Google's clients to it."""

    name: str
    jar: str
    start: tuple[str, ...]
    variable: str
    component: str


FIRESTORE = Kind(
    "Firestore",
    "cloud-firestore-emulator/*.jar",
    ("com.google.cloud.datastore.emulator.firestore.CloudFirestore",),  # its jar names no main class
    "FIRESTORE_EMULATOR_HOST",
    "cloud-firestore-emulator",
)
PUBSUB = Kind(
    "Pub/Sub",
    "pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar",
    ("com.google.cloud.pubsub.testing.v1.Main",),
    "PUBSUB_EMULATOR_HOST",
    "pubsub-emulator",
)


def command(kind: Kind) -> tuple[str, ...]:
    """The command that starts the emulator, without host and port. Raises NotFoundError that names what is missing."""
    java = shutil.which("java")
    if java is None:
        raise NotFoundError(f"the {kind.name} emulator needs Java 11 or newer, and there is no 'java' on the PATH")
    for platform in _platforms():
        if found := sorted(platform.glob(kind.jar)):
            return (java, *_JVM, "-cp", str(found[-1]), *kind.start)
    raise NotFoundError(
        f"the {kind.name} emulator is not installed: no platform/{kind.jar} in {', '.join(_SDKS)}"
        f" (gcloud components install {kind.component}, or apt-get install google-cloud-cli-{kind.component})"
    )


@contextmanager
def running(kind: Kind) -> Iterator[str]:
    """Runs an empty emulator inside the block; yields its ``host:port``. Nothing is kept.

    Raises NotFoundError if something is missing, OrchestratorError if it does not start.
    """
    line = command(kind)
    with tempfile.TemporaryFile() as log:
        process, host = _start(kind, line, log.fileno())
        try:
            yield host
        finally:
            _stop(process)
            _until_gone(host)


def _until_gone(host: str) -> None:
    """Wait until the port is free: a killed process takes a moment to end."""
    name, _, port = host.rpartition(":")
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline:
        try:
            socket.create_connection((name, int(port)), timeout=1.0).close()
        except OSError:
            return
        time.sleep(0.02)


def _platforms() -> Iterator[Path]:
    if gcloud := shutil.which("gcloud"):
        yield Path(gcloud).resolve().parent.parent / "platform"
    for sdk in _SDKS:
        yield Path(sdk).expanduser() / "platform"


def _start(kind: Kind, line: tuple[str, ...], log: int) -> tuple[subprocess.Popen[bytes], str]:
    for _ in range(_TRIES):
        port = _free_port()
        full = leashed([*line, "--host=127.0.0.1", f"--port={port}"])
        process = subprocess.Popen(full, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)
        try:
            if _answers(process, port):
                return process, f"127.0.0.1:{port}"
        except BaseException:
            _stop(process)
            raise
        _stop(process)
    raise OrchestratorError(f"the {kind.name} emulator did not start: {' '.join(line)}: {_last_line(log)}")


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """True as soon as it answers; False if it ended or took too long."""
    deadline = time.monotonic() + _TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)) as connection:
                connection.request("GET", "/")
                if connection.getresponse().status == http.client.OK:
                    return True
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(5.0)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _last_line(log: int) -> str:
    with open(log, "rb", closefd=False) as file:
        file.seek(0)
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it printed nothing"
