"""Google's emulators: what is missing is named, and nothing of them stays."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.errors import NotFoundError
from orchestrator.rehearsal import emulators


def test_a_missing_java_and_a_missing_emulator_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(emulators, "_SDKS", (str(tmp_path),))
    (tmp_path / "java").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFoundError, match=r"^the Pub/Sub emulator is not installed: .*gcloud components install"):
        emulators.command(emulators.PUBSUB)
    (tmp_path / "java").unlink()
    with pytest.raises(NotFoundError, match=r"^the Firestore emulator needs Java 11 or newer"):
        emulators.command(emulators.FIRESTORE)


@pytest.mark.slow
def test_the_pubsub_emulator_starts_too_and_nothing_of_it_stays(firestore_host: str):
    with emulators.running(emulators.PUBSUB) as host:
        socket.create_connection(("127.0.0.1", port_of(host))).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_of(host)))


@pytest.mark.slow
def test_an_emulator_does_not_outlive_a_process_that_is_killed(firestore_host: str):
    script = (
        "import time; from orchestrator.rehearsal import emulators as e\n"
        "with e.running(e.FIRESTORE) as host: print(host, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        host = process.stdout.readline().strip()
        socket.create_connection(("127.0.0.1", port_of(host))).close()
        process.kill()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port_of(host))).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.05)
    pytest.fail(f"the emulator at {host} is still there")


def port_of(host: str) -> int:
    return int(host.partition(":")[2])
