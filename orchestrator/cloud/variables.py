"""Reads environment variables, and collects what is wrong with them."""

import re
from collections.abc import Mapping

from orchestrator.core.names import JOB_PREFIX, JOB_PREFIX_LENGTH
from orchestrator.core.pools import MAX_PLACES
from orchestrator.core.steps import Json
from orchestrator.core.values import RepeatedKeyError, read_json
from orchestrator.jobs.dataflow.options import wrong_defaults
from orchestrator.receivers.receiver import Receiver
from orchestrator.receivers.variable import receivers


class Variables:
    """Reads variables, and collects all mistakes, so that they are reported together."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.wrong: list[str] = []

    def get(self, name: str) -> str:
        """The value; "" if it is not set or is ``none``: a platform may drop a variable that is empty."""
        value = self._environment.get(name, "")
        return "" if value == "none" else value

    def text(self, name: str, default: str = "") -> str:
        value = self.get(name) or default
        if not value:
            self.wrong.append(f"{name}: expected a value, got nothing")
        return value

    def seconds(self, name: str, default: float) -> float:
        value = self.get(name)
        try:
            number = float(value) if value else default
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            self.wrong.append(f"{name}: expected a number of seconds, got {value!r}")
        return number

    def less(self, name: str, default: float, than: tuple[str, float]) -> float:
        """A number of seconds below another variable's."""
        number = self.seconds(name, default)
        if number >= than[1] >= 0:
            self.wrong.append(f"{name}: expected less than the {than[1]:g} s of {than[0]}, got {number:g}")
        return number

    def days(self, name: str) -> float | None:
        """A number of days, in seconds; None if it is not set."""
        value = self.get(name)
        if not value:
            return None
        if not re.fullmatch("[1-9][0-9]{0,3}", value):
            self.wrong.append(f"{name}: expected a whole number of days from 1 to 9999, or nothing, got {value!r}")
            return None
        return int(value) * 86_400.0

    def prefix(self, name: str) -> str:
        value = self.get(name)
        if value and not (re.fullmatch(JOB_PREFIX, value) and len(value) <= JOB_PREFIX_LENGTH):
            expected = (
                f"at most {JOB_PREFIX_LENGTH} lower-case letters and digits in words joined by '-', a letter first"
            )
            self.wrong.append(f"{name}: expected {expected}, such as orc-dev, got {value!r}")
        return value

    def values(self, name: str) -> Mapping[str, Json]:
        value = self._object(name, '{"bucket": "my-templates"}')
        self.wrong += [
            f"{name}: {key}: expected a text, got {said!r:.60}"
            for key, said in value.items()
            if not isinstance(said, str)
        ]
        return value

    def pools(self, name: str) -> Mapping[str, int]:
        value = self._object(name, '{"dataflow": 20}')
        pools = {pool: size for pool, size in value.items() if type(size) is int and 1 <= size <= MAX_PLACES}
        self.wrong += [
            f"{name}: {pool}: expected a whole number from 1 to {MAX_PLACES}, got {size!r:.60}"
            for pool, size in value.items()
            if pool not in pools
        ]
        return pools

    def receivers(self, name: str) -> Mapping[str, Receiver]:
        try:
            return receivers(self.get(name) or "{}")
        except ValueError as error:
            self.wrong.append(f"{name}: {error}")
            return {}

    def schedules(self, name: str) -> Mapping[str, tuple[str, str]]:
        """By graph, the cron expression and the time zone, without those that are paused."""
        found = {}
        example = '{"daily-sales": {"cron": "0 6 * * *", "time_zone": "Etc/UTC", "paused": false}}'
        for graph, said in self._object(name, example).items():
            keys = said if isinstance(said, dict) else {}
            cron, zone, paused = keys.get("cron"), keys.get("time_zone"), keys.get("paused", False)
            if not (isinstance(cron, str) and isinstance(zone, str) and isinstance(paused, bool)):
                self.wrong.append(f"{name}: {graph}: expected cron, time_zone and paused, got {said!r:.60}")
            elif not paused:
                found[graph] = cron, zone
        return found

    def starters(self, name: str) -> Mapping[str, tuple[str, ...]]:
        value = self._object(name, '{"ann@example.com": ["daily-sales"]}')
        for who, graphs in value.items():
            if not isinstance(graphs, list) or not all(isinstance(graph, str) for graph in graphs):
                self.wrong.append(f"{name}: {who}: expected a list of graphs, got {graphs!r:.60}")
                return {}
        return {who.lower(): tuple(map(str, graphs)) for who, graphs in value.items() if isinstance(graphs, list)}

    def _object(self, name: str, example: str) -> dict[str, Json]:
        text = self.get(name) or "{}"
        try:
            value = read_json(text)
        except RepeatedKeyError as error:
            self.wrong.append(f"{name}: {error}")
            return {}
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
        self.wrong.append(f"{name}: expected a JSON object such as {example}, got {text!r:.60}")
        return {}

    def options(self, name: str) -> Mapping[str, Json]:
        value = self._object(name, '{"subnetwork": "regions/R/subnetworks/S"}')
        self.wrong += [f"{name}: {sentence}" for sentence in wrong_defaults(value)]
        return {option: said for option, said in value.items() if said is not None}
