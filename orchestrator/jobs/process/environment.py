"""The environment of a command: the orchestrator's, the step's, and the variables about its run."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from orchestrator.core.steps import Json
from orchestrator.errors import LaunchRefusedError
from orchestrator.expressions import as_text
from orchestrator.home import Home
from orchestrator.jobs.process import claim
from orchestrator.ports import JobRequest
from orchestrator.system.files import write_whole

#: The most bytes of a word or variable that a process is started with: Linux's MAX_ARG_STRLEN, see execve(2).
MAX_TEXT = 128 * 1024 - 1

#: The most bytes of a param that becomes a variable, and of all of them: macOS takes 1 MiB of words and variables.
MAX_PARAM, MAX_PARAMS = 64 * 1024, 256 * 1024

#: The variables by which an attempt's processes are known.
_MARK, _OUTPUTS = "ORCHESTRATOR_MARK", "ORCHESTRATOR_OUTPUTS"

#: The advice for params that are too large for a variable.
_ELSEWHERE = "read it from the JSON file that $ORCHESTRATOR_PARAMS names"


def environment_of(
    request: JobRequest, home: Home, folder: Path, project: Mapping[str, str] = MappingProxyType({})
) -> tuple[dict[str, str], list[str]]:
    """The variables of a command, and a line for its log about each param that does not fit into a variable.

    ``project``: the variables that its project's file sets for all steps.
    Writes the file with all params if it is not there. Raises LaunchRefusedError for a variable that is too large.
    """
    params = dict(_fitting(request.run.params))
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    told = {
        "ORCHESTRATOR_RUN": request.run.id,
        "ORCHESTRATOR_STEP": request.step,
        "ORCHESTRATOR_ATTEMPT": str(request.attempt),
        "ORCHESTRATOR_RUN_DIR": str(home.data(request.run.first)),
        "ORCHESTRATOR_PARAMS": str(_written(home.params(request.run.id), request.run.params)),
    }
    told |= {_MARK: _mark(folder, request.name), _OUTPUTS: str(folder / "outputs.json")}
    variables = os.environ | {"PATH": path, "PYTHONUNBUFFERED": "1"} | _common(project) | _own(request) | told | params
    left_out = [name for name in request.run.params if _variable(name) not in params]
    return variables, [f"orchestrator: param '{name}' does not fit into a variable: {_ELSEWHERE}" for name in left_out]


def marks(folder: Path) -> frozenset[str]:
    """Variables, at least one of which every process of the attempt has in its environment, and no other process.

    One is made of the job's name, which is unique, and the folder's inode, which a copy of the home does not have, so
    it stays valid when the home is moved. The other is the path of the outputs: older versions know only this one, and
    it is what is left when a claim has lost its name.
    """
    found, name = {f"{_OUTPUTS}={folder / 'outputs.json'}"}, claim.name(folder)
    if name:
        found.add(f"{_MARK}={_mark(folder, name)}")
    return frozenset(found)


def _mark(folder: Path, name: str) -> str:
    return f"{name}.{folder.stat().st_ino:x}"


def check_size(what: str, text: str) -> str:
    """``text`` if a process can be started with it. Raises LaunchRefusedError about ``what``."""
    size = _bytes(text)
    if size is not None and size > MAX_TEXT:
        raise LaunchRefusedError(
            f"{what}: expected at most {MAX_TEXT:,} bytes, got {size:,}: if a large param is in it, {_ELSEWHERE}"
        )
    return text


def _common(project: Mapping[str, str]) -> dict[str, str]:
    return {name: check_size(f"orchestrator.yaml: env: {name}", text) for name, text in project.items()}


def _own(request: JobRequest) -> dict[str, str]:
    own = request.spec.get("env")
    where = f"step '{request.step}': env"
    given = own.items() if isinstance(own, dict) else ()
    return {name: check_size(f"{where}: {name}", as_text(value)) for name, value in given}


def _fitting(params: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """The params that fit into variables, as variables: the small ones first, as long as there is room."""
    texts = {_variable(name): as_text(value) for name, value in params.items()}
    sizes = {name: size for name, text in texts.items() if (size := _bytes(text)) is not None}
    room = MAX_PARAMS
    for name in sorted(sizes, key=lambda name: sizes[name]):
        room -= sizes[name]
        if room >= 0 and sizes[name] <= MAX_PARAM:
            yield name, texts[name]


def _variable(param: str) -> str:
    return f"ORCHESTRATOR_PARAM_{param}"


def _bytes(text: str) -> int | None:
    """How many bytes ``text`` takes in an environment; None if none can hold it (a NUL, half a character)."""
    try:
        return None if "\0" in text else len(os.fsencode(text))
    except UnicodeEncodeError:
        return None


def _written(path: Path, params: Mapping[str, Json]) -> Path:
    """The file with all params of a run, which never change."""
    if not path.exists():
        write_whole(path, json.dumps(dict(params)))
    return path
