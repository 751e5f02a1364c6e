"""Load a compact schema file and turn it into what Terraform asks for."""

from __future__ import annotations

import json
from pathlib import Path

SCHEMA_DIR = Path(__file__).resolve().parent.parent / "schema"
NESTING = {"single": 1, "list": 2, "set": 3, "map": 4}


class Attr:
    __slots__ = ("computed", "default", "enum", "optional", "required", "sensitive", "type")

    def __init__(self, spec):
        self.type = spec[0]
        self.required = spec[1] == "r"
        self.optional = "o" in spec[1]
        self.computed = "c" in spec[1]
        extra = spec[2] if len(spec) > 2 else {}
        self.enum = extra.get("enum")
        self.default = extra.get("default")
        self.sensitive = extra.get("sensitive", False)


class Block:
    """attributes: {name: Attr}; blocks: {name: (nesting, min, max, Block)}"""

    def __init__(self, spec: dict):
        self.attrs = {n: Attr(a) for n, a in spec["a"].items()}
        self.blocks = {n: (b[0], b[1], b[2], Block(b[3])) for n, b in spec.get("b", {}).items()}

    def message(self) -> dict:
        return {
            "attributes": [
                {
                    "name": n,
                    "type": json.dumps(a.type, separators=(",", ":")).encode(),
                    "required": a.required,
                    "optional": a.optional,
                    "computed": a.computed,
                    "sensitive": a.sensitive,
                }
                for n, a in self.attrs.items()
            ],
            "block_types": [
                {"type_name": n, "nesting": NESTING[nest], "min_items": lo, "max_items": hi, "block": b.message()}
                for n, (nest, lo, hi, b) in self.blocks.items()
            ],
        }

    def empty(self) -> dict:
        """A value of this block with everything unset."""
        out = dict.fromkeys(self.attrs)
        out.update({n: None if b[0] == "single" else [] for n, b in self.blocks.items()})
        return out

    def conform(self, value: dict) -> dict:
        """Fit a JSON object (stored state) to this schema."""
        out = self.empty()
        for n in self.attrs:
            if value.get(n) is not None:
                out[n] = value[n]
        for n, (nest, _lo, _hi, b) in self.blocks.items():
            v = value.get(n)
            if v:
                out[n] = b.conform(v) if nest == "single" else [b.conform(x) for x in v]
        return out

    def children(self, value: dict):
        """(block name, index, Block, value) of each nested block present."""
        for n, (_nest, _lo, _hi, b) in self.blocks.items():
            v = value.get(n)
            if isinstance(v, dict):
                yield n, None, b, v
            elif isinstance(v, list):
                for i, item in enumerate(v):
                    if isinstance(item, dict):
                        yield n, i, b, item


class ProviderSchema:
    def __init__(self, spec: dict, overlay: dict | None = None):
        self.source, self.version = spec["source"], spec["version"]
        self.provider = Block(spec["provider"])
        self.provider.attrs.pop("alias", None)  # the binding's own, not the provider's
        self.resources = {n: Block(b) for n, b in spec["resources"].items()}
        self.data = {n: Block(b) for n, b in spec["data"].items()}
        overlay = overlay or {}
        for key, paths in overlay.get("defaults", {}).items():
            for path, default in paths.items():
                self._set(key, path, "default", default)
        for key, paths in overlay.get("sensitive", {}).items():
            for path in paths:
                self._set(key, path, "sensitive", True)

    def _set(self, key: str, path: str, what: str, value) -> None:
        kind, name = ("data", key[5:]) if key.startswith("data.") else ("resources", key)
        block = getattr(self, kind).get(name)
        if block is None:
            return
        *nested, attr = path.split(".")
        for step in nested:
            if step not in block.blocks:
                return
            block = block.blocks[step][3]
        if attr in block.attrs:
            setattr(block.attrs[attr], what, value)

    def message(self, functions: dict) -> dict:
        return {
            "provider": {"block": self.provider.message()},
            "resource_schemas": [{"key": n, "value": {"block": b.message()}} for n, b in self.resources.items()],
            "data_source_schemas": [{"key": n, "value": {"block": b.message()}} for n, b in self.data.items()],
            "server_capabilities": {"get_provider_schema_optional": True},
            "functions": [
                {
                    "key": n,
                    "value": {
                        "summary": doc,
                        "parameters": [{"name": "id", "type": b'"string"'}],
                        "return": {"type": b'"string"'},
                    },
                }
                for n, doc in functions.items()
            ],
        }


def available() -> dict[str, list[str]]:
    """{provider name: [versions]} of the schema files present."""
    out: dict[str, list[str]] = {}
    for path in sorted(SCHEMA_DIR.glob("*.json")):
        if path.name.startswith("overlay-"):
            continue
        name, version = path.stem.split("-", 1)
        out.setdefault(name, []).append(version)
    for versions in out.values():
        versions.sort(key=lambda v: [int(x) for x in v.split(".")])
    return out


def load(name: str, version: str) -> tuple[ProviderSchema, dict]:
    overlay = SCHEMA_DIR / f"overlay-{name}.json"
    extra = json.loads(overlay.read_text()) if overlay.exists() else {}
    return ProviderSchema(json.loads((SCHEMA_DIR / f"{name}-{version}.json").read_text()), extra), extra
