"""What ``run`` is asked for: a graph, params and a run id; and how that fits a run that has this id already."""

import json
import random
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.cli.lookup import Found
from orchestrator.core.graph import Graph
from orchestrator.core.model import Run, RunStatus, View
from orchestrator.core.names import run_key
from orchestrator.definition import params
from orchestrator.errors import UsageError
from orchestrator.home import Home, check_run_id

#: The largest file of params, in bytes.
_LARGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Order:
    """A run that somebody wants. ``given``: its params as they were given, before defaults are filled in."""

    graph: Graph
    folder: Path
    run_id: str
    given: Mapping[str, object]

    def run(self, now: float) -> Run:
        """The run if it starts ``now``. Raises UsageError if the params are not what the graph wants."""
        values = params.resolve(self.graph.params, self.given, datetime.fromtimestamp(now, UTC))
        return Run(
            self.run_id,
            run_key(self.run_id),
            self.graph.name,
            self.graph.version,
            values,
            now,
            folder=str(self.folder.resolve()),
        )

    def new(self, home: Home, now: float) -> Found:
        return Found(home, self.run(now), self.graph.compile(), View())

    def check_same(self, stored: Run) -> None:
        """Raises UsageError unless ``stored`` is the run that this order asks for. Nothing is lost by asking."""
        if stored.graph != self.graph.name:
            raise UsageError(
                f"the run id '{stored.id}' belongs to a run of graph '{stored.graph}': choose another --run-id"
            )
        if stored.version != self.graph.version:
            raise UsageError(
                f"run '{stored.id}' was started with version {stored.version} of the graph, and the file now has "
                f"version {self.graph.version}: {_instead(stored)}"
            )
        asked = self.run(stored.started_at).params  # so that 'today' is the day on which it started
        if asked != stored.params:
            names = [name for name in asked if asked[name] != stored.params.get(name)]
            other = ", ".join(
                f"{name} is {_shown(stored.params.get(name))}, not {_shown(asked[name])}" for name in names
            )
            raise UsageError(f"run '{stored.id}' was started with other params ({other}): {_instead(stored)}")


def _instead(stored: Run) -> str:
    another = "choose another --run-id"
    if stored.status is not RunStatus.RUNNING:
        return another
    return f"continue it as it was with 'orchestrator resume {stored.id}', or {another}"


def order(graph: Graph, path: Path, run_id: str | None, given: Mapping[str, object], now: float) -> Order:
    """The order for ``graph``, which lies at ``path``; the id is made up if none is given. Raises UsageError."""
    wanted = Order(graph, path.parent, check_run_id(run_id or made_up_id(graph.name, now)), given)
    wanted.run(now)  # so that wrong params are refused before anything is touched
    return wanted


def made_up_id(graph: str, now: float) -> str:
    """``daily-sales-20260131-060000-k3v9``, by the clock in UTC."""
    time = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    return f"{graph}-{time}-{''.join(random.choices(string.ascii_lowercase + string.digits, k=4))}"


def given_params(pairs: Sequence[str], file: Path | None) -> dict[str, object]:
    """The params of ``--params-file`` and, over them, those of ``--param name=value``. Raises UsageError."""
    given: dict[str, object] = dict(_from_file(file)) if file is not None else {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--param: expected name=value, came {pair!r}")
        given[name] = value
    return given


def _from_file(path: Path) -> Mapping[str, object]:
    from orchestrator.definition import json_text, yaml_text
    from orchestrator.definition.texts import UnreadableError

    data = path.read_bytes()[: _LARGEST + 1]
    if len(data) > _LARGEST:
        raise UsageError(f"{path}: expected at most {_LARGEST:,} bytes of params")
    reader = json_text if path.suffix == ".json" else yaml_text
    try:
        values, flaws = reader.read(data.decode("utf-8-sig"))
    except UnreadableError as error:
        raise UsageError(f"{path}:{error.flaw.line}: {error.flaw.message}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: expected text in UTF-8: {error}") from error
    if flaws:
        raise UsageError("\n".join(f"{path}:{flaw.line}: {flaw.message}" for flaw in flaws))
    if not isinstance(values, dict):
        raise UsageError(f"{path}: expected a mapping of param names to values")
    return values


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
