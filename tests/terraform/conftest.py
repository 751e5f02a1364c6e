"""Each example is deployed once a session, to a Google of its own, by whichever of pytest's workers needs it first."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.terraform.imaginary import SCHEDULED, Deployed, Google, google

Once = Callable[[str, Callable[[Path], object]], Path]
Example = Callable[[str], Deployed]

#: Graphs with schedules, and the right to read the template that they name.
WITH_GRAPHS = {"graphs_folder": str(SCHEDULED), "template_buckets": ["your-templates"]}


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """``once(NAME, MAKE)``: a file that ``MAKE(PATH)`` writes once a session. The other workers wait for it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(name: str, make: Callable[[Path], object]) -> Path:
        path, unfinished = shared / name, shared / f"{name}.unfinished"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                make(unfinished)
                unfinished.rename(path)
        return path

    return made


def _applied(once: Once, folders: pytest.TempPathFactory, name: str, variables: dict[str, object]) -> Deployed:
    def apply(path: Path) -> None:
        with google(folders.mktemp(name)) as there:
            path.write_text(json.dumps(vars(there.apply(example=name, **variables))))

    file = once(f"{name}{'-with-graphs' if variables else ''}.json", apply)
    return Deployed(**json.loads(file.read_text()))


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory, once: Once) -> Example:
    """What exists after ``terraform apply -var-file=examples/NAME.tfvars``."""
    return cache(lambda name: _applied(once, tmp_path_factory, name, {}))


@pytest.fixture(scope="session")
def with_graphs(tmp_path_factory: pytest.TempPathFactory, once: Once) -> Example:
    """The same, with ``WITH_GRAPHS``."""
    return cache(lambda name: _applied(once, tmp_path_factory, name, WITH_GRAPHS))


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    """An empty Google, and a clone, for tests that only ask for plans: they share it."""
    with google(tmp_path_factory.mktemp("untouched")) as made:
        yield made


@pytest.fixture
def imaginary(tmp_path: Path) -> Iterator[Google]:
    """An empty Google."""
    with google(tmp_path) as made:
        yield made
