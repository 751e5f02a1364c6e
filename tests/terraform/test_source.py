"""The archive that the functions are built from: exactly what they import, and enough to run."""

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.deployment.archive import archive_name, sources
from orchestrator.rehearsal.process import free_port
from tests.archive import imported
from tests.functions.cloud import KINDS
from tests.terraform.imaginary import ROOT, SCHEDULED, Google, google

pytestmark = pytest.mark.slow

Once = Callable[[str, Callable[[Path], object]], Path]
SOURCE = "google_storage_bucket_object.source"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, once: Once) -> Path:
    """The archive of the scheduled example, as Terraform made it."""
    folder = tmp_path_factory.mktemp("archive")

    def make(path: Path) -> None:
        with google(folder, whole=True) as there:
            there.plan(example="scheduled", target="data.archive_file.source")
            (there.clone() / "terraform/.build").rename(path)

    (made,) = once("archive", make).glob("*.zip")
    return made


def test_the_archive_holds_what_the_functions_import_and_nothing_else(archive: Path):
    names = set(zipfile.ZipFile(archive).namelist())
    assert {name for name in names if name.startswith("orchestrator/")} == imported()
    assert {name for name in names if not name.startswith("orchestrator/")} == {
        "main.py",
        "requirements.txt",
        "graphs/nightly/graph.yaml",
        "graphs/nightly/nightly_parameters.py",
        "graphs/paused.yaml",
    }


def test_the_command_line_knows_the_archive_by_the_same_name(archive: Path):
    assert archive.name == archive_name(ROOT, SCHEDULED)
    assert set(zipfile.ZipFile(archive).namelist()) == set(sources(ROOT, SCHEDULED))


def test_its_name_changes_if_and_only_if_a_deployed_file_changes(imaginary: Google):
    def built() -> str:
        deployed = imaginary.plan(example="minimal", target=SOURCE)
        return str(deployed.resources[SOURCE]["name"])

    root = imaginary.clone()
    first = built()
    (root / "orchestrator/cli/app.py").write_text("# the command line is not deployed\n")
    assert built() == first
    with (root / "orchestrator/cloud/logs.py").open("a") as file:
        file.write("# deployed\n")
    assert built() != first


def test_each_entry_point_runs_from_it_with_its_requirements_alone(archive: Path, tmp_path: Path):
    """Unpacked, in an empty virtual environment, each starts, and says which setting it lacks."""
    zipfile.ZipFile(archive).extractall(tmp_path / "source")
    uv = [sys.executable, "-m", "uv"]
    requirements = str(tmp_path / "source/requirements.txt")
    for words in (["venv", "--quiet", "venv"], ["pip", "install", "-q", "--python", "venv", "-r", requirements]):
        subprocess.run([*uv, *words], cwd=tmp_path, check=True)
    for target in KINDS:
        answer = asked(tmp_path, target)
        assert "ORCHESTRATOR_PROJECT: expected a value, got nothing" in answer, (target, answer)


SCRIPT = """
import json, sys
import functions_framework
import main, orchestrator
assert main.__file__.startswith({source!r}) and orchestrator.__file__.startswith({source!r})
from orchestrator.definition.catalog import graphs
from orchestrator.definition.load import load_graph
from orchestrator.jobs.dataflow.backend import DataflowBackend
from orchestrator.jobs.python.functions import resolve
from orchestrator.queues.cloud_tasks import connect
from orchestrator.stores.firestore.store import FirestoreStore
loaded = {{name: load_graph(path).schedule.cron for name, path in graphs().items()}}
print(json.dumps([loaded, resolve("nightly_parameters:load", "graphs/nightly")({{"table": "t", "date": "d"}})]))
"""


def test_what_is_imported_late_is_in_it_too(archive: Path, tmp_path: Path):
    """What requests import (clients, the graphs and their functions) can be imported from the archive alone."""
    source = tmp_path / "source"
    zipfile.ZipFile(archive).extractall(source)
    script = f"import sys; sys.path[:0] = [{str(source)!r}]\n{SCRIPT.format(source=str(source))}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded, parameters = json.loads(done.stdout)
    assert loaded == {"nightly": "0 1 * * 1-5", "paused": "*/5 * * * *"}
    assert parameters == {"query": "SELECT * FROM t WHERE day = 'd'"}


def asked(folder: Path, target: str) -> str:
    """What an entry point without settings answers to one request.

    None is deployed with a trigger, so the platform serves each with the signature type ``http`` (ADR 6).
    """
    port = free_port()
    command = ["functions_framework", f"--target={target}", "--signature-type=http", "--host=127.0.0.1"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ORCHESTRATOR_", "PYTHON"))}
    process = subprocess.Popen(
        [str(folder / "venv/bin/python"), "-m", *command, f"--port={port}"],
        cwd=folder / "source",
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    body = {"message": {"data": "e30=", "messageId": "1"}, "subscription": "s"} if target == "on_signal" else {}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        for _ in range(6_000):  # five minutes or more: it compiles all that it imports first
            try:
                with urllib.request.urlopen(request, timeout=120) as answer:
                    return str(answer.read().decode())
            except urllib.error.HTTPError as error:
                with error:
                    return error.read().decode()
            except (urllib.error.URLError, ConnectionError):
                assert process.poll() is None, process.stdout.read() if process.stdout else ""
                threading.Event().wait(0.05)
        raise AssertionError(f"{target} does not listen")
    finally:
        process.terminate()
        process.communicate(timeout=120)
