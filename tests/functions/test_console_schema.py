"""The OpenAPI description of the console: made from the code, kept in the repository, and true of what is answered."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from orchestrator.console.openapi import described
from tests.functions.cloud import Cloud
from tests.functions.test_console import nightly as nightly
from tests.functions.test_starters import bearer

ROOT = Path(__file__).resolve().parents[2]

#: What requests are about: with ids of its own making, schemathesis would hardly meet anything but 404.
KNOWN = """
[parameters]
"path.run" = "n1"
"path.step" = "load"
"""


class Quiet(WSGIRequestHandler):
    """Requests are not logged: there are thousands."""

    def log_request(self, *_: object) -> None:
        pass


@pytest.fixture(params=["console", "console_view"])
def served(nightly: Cloud, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a function, with a run."""
    server = make_server("127.0.0.1", 0, nightly.app(request.param), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_description_in_the_repository_is_made_from_the_code():
    assert (ROOT / "docs/openapi.json").read_text() == described(), "run 'make openapi'"


@pytest.mark.slow
@pytest.mark.parametrize("config", ["", KNOWN], ids=["any", "known"])
def test_schemathesis_finds_nothing(served: str, tmp_path: Path, config: str):
    if find_spec("schemathesis") is None and "CI" not in os.environ:
        pytest.skip("schemathesis is not installed: pip install -e '.[dev]'")
    (tmp_path / "schemathesis.toml").write_text(config)
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{served}/openapi.json", "--seed=1", "--no-color"]
    done = subprocess.run(
        [*command, "--max-examples=40", "--checks=all", "--request-timeout=60", *_headers()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, f"{done.stdout[-8000:]}{done.stderr[-2000:]}"
    print(done.stdout[-3000:])


def _headers() -> list[str]:
    return [f"--header={name}: {value}" for name, value in bearer().items()]


def test_it_says_of_each_route_what_it_may_answer():
    paths = json.loads(described())["paths"]
    acts = ("hold", "release", "cancel", "set", "steps/{step}/retry", "steps/{step}/mark")
    assert {name: sorted(paths[name]["post"]["responses"]) for name in paths if "post" in paths[name]} == {
        **{f"/runs/{{run}}/{name}": ["200", "400", "401", "404", "409", "503"] for name in acts},
        "/audit/stop": ["200", "400", "401", "404", "409", "503"],
        "/runs": ["200", "201", "400", "401", "403", "404", "409", "503"],
        "/runs/{run}/rerun": ["200", "201", "400", "401", "403", "404", "409", "503"],
        "/runs/{run}/rerun/plan": ["200", "400", "401", "403", "404", "409", "503"],
    }
