"""A provider made of a schema: the part every stub shares.

Subclasses override the hooks at the end.  Values are plain Python (None, bool,
int, float, str, list, dict) with wire.UNKNOWN for "known after apply".
"""

from __future__ import annotations

import json
import re
import threading

from .schema import Block, ProviderSchema
from .wire import UNKNOWN, pack, unpack

ERROR, WARNING = 1, 2


class Problem(Exception):
    """An error to show at an attribute path."""

    def __init__(self, summary: str, detail: str = "", path: tuple = (), severity: int = ERROR):
        super().__init__(summary)
        self.message = {"severity": severity, "summary": summary, "detail": detail}
        if path:
            self.message["attribute"] = {
                "steps": [{"element_key_int": p} if isinstance(p, int) else {"attribute_name": p} for p in path]
            }


def known(value) -> bool:
    """True if nothing inside is unknown."""
    if value is UNKNOWN:
        return False
    if isinstance(value, dict):
        return all(known(v) for v in value.values())
    if isinstance(value, list):
        return all(known(v) for v in value)
    return True


def get(value, path: str):
    """Follow 'a.b.c' through blocks; the first element stands for a list of one."""
    for step in path.split("."):
        if isinstance(value, list):
            value = value[0] if value else None
        if value is None or value is UNKNOWN:
            return value
        value = value.get(step)
    return value


class Provider:
    functions: dict[str, str] = {}

    def __init__(self, schema: ProviderSchema, overlay: dict | None = None):
        self.schema, self.overlay = schema, overlay or {}
        self.lock = threading.RLock()
        self._configs: dict[str, dict] = {}
        self._here = threading.local()

    # One process may serve several provider blocks (aliases) at once; each has its own connection.
    def enter(self, connection: str) -> None:
        self._here.connection = connection

    @property
    def config(self) -> dict:
        return self._configs.get(getattr(self._here, "connection", ""), {})

    # -- rpc ----------------------------------------------------------------
    def GetSchema(self, req):
        return self.schema.message(self.functions)

    def PrepareProviderConfig(self, req):
        config = unpack(req["config"]["msgpack"])
        return {"prepared_config": req["config"], "diagnostics": self._collect(self.check_provider, config)}

    def Configure(self, req):
        self._configs[getattr(self._here, "connection", "")] = unpack(req["config"]["msgpack"]) or {}
        return {"diagnostics": self._collect(self.configure, self.config)}

    def ValidateResourceTypeConfig(self, req):
        return {"diagnostics": self._validate(self.schema.resources, "", req)}

    def ValidateDataSourceConfig(self, req):
        return {"diagnostics": self._validate(self.schema.data, "data.", req)}

    def UpgradeResourceState(self, req):
        block = self.schema.resources[req["type_name"]]
        state = block.conform(json.loads(req["raw_state"]["json"]))
        return {"upgraded_state": {"msgpack": pack(state)}}

    def ReadResource(self, req):
        state = unpack(req["current_state"]["msgpack"])
        diags = []
        try:
            with self.lock:
                state = self.read(req["type_name"], state)
        except Problem as p:
            diags.append(p.message)
        return {"new_state": {"msgpack": pack(state)}, "diagnostics": diags, "private": req.get("private")}

    def PlanResourceChange(self, req):
        ty = req["type_name"]
        block = self.schema.resources[ty]
        prior = unpack(req["prior_state"]["msgpack"])
        proposed = unpack(req["proposed_new_state"]["msgpack"])
        config = unpack(req["config"]["msgpack"])
        if proposed is None:  # destroy
            return {"planned_state": {"msgpack": pack(None)}, "planned_private": req.get("prior_private")}
        diags, replace = [], []
        try:
            self._complete(block, proposed, prior)
            self.plan(ty, proposed, prior, config)
            if prior is not None:
                replace = self._replaced(ty, block, prior, proposed)
                if replace:  # a new object: everything computed is open again
                    for n, a in block.attrs.items():
                        if a.computed and config.get(n) is None and n != "project":
                            proposed[n] = UNKNOWN
                    self.plan(ty, proposed, None, config)
        except Problem as p:
            diags.append(p.message)
        return {
            "planned_state": {"msgpack": pack(proposed)},
            "diagnostics": diags,
            "legacy_type_system": True,
            "planned_private": req.get("prior_private"),
            "requires_replace": [{"steps": [{"attribute_name": n}]} for n in replace],
        }

    def ApplyResourceChange(self, req):
        ty = req["type_name"]
        block = self.schema.resources[ty]
        prior = unpack(req["prior_state"]["msgpack"])
        planned = unpack(req["planned_state"]["msgpack"])
        diags = []
        try:
            with self.lock:
                if planned is None:
                    self.delete(ty, prior)
                else:
                    (self.update if prior else self.create)(ty, planned, prior)
                    self._settle(ty, block, planned)
                    self.applied(ty, planned)
                result = planned
        except Problem as p:
            diags.append(p.message)
            result = prior
        return {
            "new_state": {"msgpack": pack(result)},
            "diagnostics": diags,
            "legacy_type_system": True,
            "private": req.get("planned_private"),
        }

    def ImportResourceState(self, req):
        ty = req["type_name"]
        state = self.schema.resources[ty].empty()
        state["id"] = req["id"]
        try:
            with self.lock:
                state = self.import_state(ty, req["id"], state)
        except Problem as p:
            return {"diagnostics": [p.message]}
        return {"imported_resources": [{"type_name": ty, "state": {"msgpack": pack(state)}}]}

    def ReadDataSource(self, req):
        ty = req["type_name"]
        block = self.schema.data[ty]
        value = unpack(req["config"]["msgpack"])
        diags = []
        try:
            with self.lock:
                self.read_data(ty, value)
            self._open(block, value)
            self._settle(ty, block, value)
        except Problem as p:
            diags.append(p.message)
        return {"state": {"msgpack": pack(value)}, "diagnostics": diags}

    def CallFunction(self, req):
        args = [unpack(a["msgpack"]) for a in req.get("arguments", [])]
        try:
            return {"result": {"msgpack": pack(self.call(req["name"], *args))}}
        except Problem as p:
            return {"diagnostics": [p.message]}

    def Stop(self, req):
        return {}

    # -- machinery ----------------------------------------------------------
    @staticmethod
    def _collect(check, *args) -> list:
        try:
            return [p.message for p in check(*args) or ()]
        except Problem as p:
            return [p.message]

    def _validate(self, table, prefix, req) -> list:
        ty = req["type_name"]
        config = unpack(req["config"]["msgpack"])
        out = [p.message for p in self._check_block(prefix + ty, table[ty], config, (), "")]
        return out + self._collect(self.check, prefix + ty, config)

    def _check_block(self, key: str, block: Block, value: dict, path: tuple, dotted: str):
        rules = self.overlay.get("rules", {}).get(key, {})
        for n, a in block.attrs.items():
            v = value.get(n)
            if v is None:
                continue
            if a.computed and not a.optional:
                yield Problem(
                    "Value for unconfigurable attribute",
                    f'Can\'t configure a value for "{dotted + n}": its value will '
                    "be decided automatically based on the result of applying this configuration.",
                    (*path, n),
                )
            if not known(v):
                continue
            if a.enum and v not in a.enum:
                yield Problem(f"expected {dotted + n} to be one of {json.dumps(a.enum)}, got {v}", path=(*path, n))
            rule = rules.get(dotted + n)
            if rule:
                yield from self._check_rule(rule, dotted + n, v, (*path, n))
        for group in rules.get(dotted + "*exactly_one_of", []):
            states = [value.get(n) for n in group]
            given = [n for n, s in zip(group, states, strict=True) if s is UNKNOWN or (s is not None and s != [])]
            if len(given) != 1 and UNKNOWN not in states:
                what = "only one" if given else "one"
                yield Problem(
                    "Invalid combination of arguments",
                    path=path,
                    detail=f"{key}: {what} of `{','.join(dotted + g for g in group)}` must be specified"
                    + (f", but `{','.join(given)}` were specified." if given else "."),
                )
        for group in rules.get(dotted + "*at_least_one_of", []):
            if all(value.get(n) in (None, []) for n in group):
                yield Problem(
                    "Missing required argument",
                    path=path,
                    detail=f"{key}: one of `{','.join(dotted + g for g in group)}` must be specified",
                )
        for n, i, sub, v in block.children(value):
            step = (n,) if i is None or block.blocks[n][0] == "set" else (n, i)
            yield from self._check_block(key, sub, v, path + step, f"{dotted}{n}.")

    @staticmethod
    def _check_rule(rule: dict, name: str, v, path):
        if "pattern" in rule and isinstance(v, str) and not re.fullmatch(rule["pattern"], v):
            yield Problem(
                f'invalid value for {name} ({rule.get("says", "must match " + rule["pattern"])}): "{v}"', path=path
            )
        if "min" in rule and isinstance(v, (int, float)) and v < rule["min"]:
            yield Problem(f"expected {name} to be at least ({rule['min']}), got {v}", path=path)
        if "max" in rule and isinstance(v, (int, float)) and v > rule["max"]:
            yield Problem(f"expected {name} to be at most ({rule['max']}), got {v}", path=path)
        if rule.get("json") and isinstance(v, str):
            try:
                json.loads(v)
            except ValueError as e:
                yield Problem(f'"{name}" contains an invalid JSON: {e}', path=path)

    def _complete(self, block: Block, value: dict, prior: dict | None) -> None:
        """Defaults, and unknown for what only the service can tell (new objects and new blocks)."""
        for n, a in block.attrs.items():
            if value.get(n) is None:
                if a.default is not None:
                    value[n] = a.default
                elif a.computed and prior is None:
                    value[n] = UNKNOWN
        for n, i, sub, v in block.children(value):
            before = (prior or {}).get(n)
            if isinstance(before, list):
                before = before[i] if i is not None and i < len(before) else None
            self._complete(sub, v, before)

    def _open(self, block: Block, value: dict) -> None:
        for n, a in block.attrs.items():
            if a.computed and value.get(n) is None:
                value[n] = UNKNOWN
        for _n, _i, sub, v in block.children(value):
            self._open(sub, v)

    def _settle(self, ty: str, block: Block, value: dict, dotted: str = "") -> None:
        """Whatever is still unknown after create/update gets an empty value of its type."""
        for n, a in block.attrs.items():
            if value.get(n) is UNKNOWN:
                value[n] = self.fallback(ty, dotted + n, a.type)
        for n, _i, sub, v in block.children(value):
            self._settle(ty, sub, v, f"{dotted}{n}.")

    def _replaced(self, ty: str, block: Block, prior: dict, planned: dict) -> list[str]:
        names = self.force_new(ty)
        return [
            n
            for n in (*block.attrs, *block.blocks)
            if n in names and planned.get(n) is not UNKNOWN and prior.get(n) != planned.get(n)
        ]

    # -- hooks --------------------------------------------------------------
    def check_provider(self, config):
        return ()

    def configure(self, config):
        return ()

    def check(self, key: str, config: dict):
        """Problems of a resource's (or data source's) configuration, beyond the schema."""
        return ()

    def plan(self, ty: str, planned: dict, prior: dict | None, config: dict) -> None:
        """Make known what the real provider knows at plan time."""

    def create(self, ty: str, value: dict, prior) -> None:
        """Fill unknown values of a new object, in place."""

    def update(self, ty: str, value: dict, prior: dict) -> None:
        pass

    def applied(self, ty: str, value: dict) -> None:
        pass

    def delete(self, ty: str, value: dict) -> None:
        pass

    def read(self, ty: str, state):
        return state

    def read_data(self, ty: str, value: dict) -> None:
        pass

    def import_state(self, ty: str, ident: str, state: dict) -> dict:
        return state

    def call(self, name: str, *args):
        raise Problem(f"no function {name}")

    def force_new(self, ty: str) -> set[str]:
        return set(self.overlay.get("force_new", {}).get(ty, ()))

    def fallback(self, ty: str, path: str, type_):
        if type_ == "string":
            return ""
        if type_ == "number":
            return 0
        if type_ == "bool":
            return False
        return {} if type_[0] in ("map", "object") else []
