"""A job's counters as its step's outputs: ``{{ steps.a.outputs.rows_written }}``. Pure."""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from orchestrator.core.steps import Json
from orchestrator.core.values import misfit
from orchestrator.jobs.dataflow.states import Body

#: How values of one counter in several places of a job become one; counters of other kinds are left out.
_TOGETHER: Mapping[str, Callable[[list[int | float]], int | float]] = {"sum": sum, "max": max, "min": min}

#: The service shows a distribution a second time as four scalars "only useful for the UI" (Beam, dataflow_metrics.py).
_SHADOWS = ("_MIN", "_MAX", "_MEAN", "_COUNT")


def outputs(metrics: Iterable[Body]) -> dict[str, Json]:
    """The user's counters by name, added up over the job's transforms. Tentative values are left out.

    A name that is used in several namespaces is written ``namespace.name``. User counters have the origin ``user``
    (Beam) or none (MetricStructuredName); the service's own have one that begins with ``dataflow``.
    """
    metrics = list(metrics)
    spread = {_name(metric) for metric in metrics if metric.get("distribution") is not None}
    found: defaultdict[tuple[str, str], list[int | float]] = defaultdict(list)
    kinds: dict[tuple[str, str], str] = {}
    for metric in metrics:
        value, name = _number(metric.get("scalar")), _name(metric)
        kind = str(metric.get("kind", "Sum")).lower()
        if value is None or kind not in _TOGETHER or not _of_user(metric) or _shadow(name, spread):
            continue
        key = (_namespace(metric), name)
        found[key].append(value)
        kinds[key] = kind
    names = [name for _, name in found]
    return {
        f"{space}.{name}" if space and names.count(name) > 1 else name: _TOGETHER[kinds[space, name]](values)
        for (space, name), values in sorted(found.items())
    }


def fitting(found: Mapping[str, Json], most: int) -> dict[str, Json]:
    """As many counters, sorted by name, as fit into ``most`` bytes of JSON: too many are no reason to fail a step.

    Counters that cannot be stored, such as numbers of more than 64 bits, are left out.
    """
    size, kept = 0, dict[str, Json]()  # each pair takes two bytes more, and so do its braces
    for name, value in sorted(found.items()):
        if misfit({name: value}):
            continue
        size += len(json.dumps({name: value}, ensure_ascii=False).encode())
        if size > most:
            break
        kept[name] = value
    return kept


def _name(metric: Body) -> str:
    return str(metric.get("name", {}).get("name", ""))


def _namespace(metric: Body) -> str:
    return str(metric.get("name", {}).get("context", {}).get("namespace", ""))


def _of_user(metric: Body) -> bool:
    name = metric.get("name", {})
    return not str(name.get("origin", "")).startswith("dataflow") and "tentative" not in name.get("context", {})


def _shadow(name: str, spread: set[str]) -> bool:
    return any(name.endswith(end) and name.removesuffix(end) in spread for end in _SHADOWS)


def _number(value: object) -> int | float | None:
    """A counter's value. Google writes 64-bit numbers as text in JSON."""
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value
