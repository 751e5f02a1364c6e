#!/usr/bin/env python3
"""Derive a compact Terraform provider schema from a published CDKTN/CDKTF binding.

The prebuilt bindings on PyPI (``cdktn-provider-google`` and friends) are generated
mechanically from ``terraform providers schema -json``.  The JavaScript inside the
wheel keeps, for every attribute, the line

    // name - computed: false, optional: false, required: true

and, for every block, its nesting mode and whether more than one is allowed.  This
script reads those back and writes one small JSON file per provider.

    python tools/build_schema.py WHEEL --types tools/types-google.txt -o schema/google-8.7.0.json

WHEEL is a wheel file fetched with e.g.
    pip download --no-deps cdktn-provider-google==21.1.0

Only the standard library is used.  Nothing of the wheel is executed.

What the bindings do *not* carry, and this file therefore cannot: ``sensitive`` and
``write_only`` marks, ``max_items`` other than 1, ``min_items`` other than 0/1,
defaults and cross-field rules.  See schema/overlay-*.json for the hand-kept part.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import tarfile
import zipfile
from pathlib import Path

GETTERS = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getNumberMapAttribute": ["map", "number"],
    "getBooleanMapAttribute": ["map", "bool"],
    "getAnyMapAttribute": ["map", "dynamic"],
}
HELPERS = {
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
    "AnyMap": ["map", "dynamic"],
    "StringMapList": ["list", ["map", "string"]],
}
FLAG_LINE = re.compile(
    r"^    // (\S+) - computed: (true|false), optional: (true|false), required: (true|false)\n",
    re.MULTILINE,
)
CLASS = re.compile(r"^class (\w+) extends (?:cdktn|cdktf)\.(\w+) \{\n(.*?)^\}\n", re.MULTILINE | re.DOTALL)
HCL_FUNC = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}\n", re.MULTILINE | re.DOTALL)
HCL_ATTR = re.compile(r"^\s+(\w+): \{\n\s+value: [^\n]*\n\s+isBlock: (true|false),\n\s+type: \"(\w+)\",", re.MULTILINE)
IFACE = re.compile(r"^export interface (\w+)[^{]*\{\n(.*?)^\}\n", re.MULTILINE | re.DOTALL)
PROP = re.compile(r"/\*\*(.*?)\*/\s*\n\s+readonly (\w+)(\??):", re.DOTALL)


class Module:
    """One ``lib/<type>/index.{js,d.ts}`` pair."""

    def __init__(self, js: str, dts: str):
        self.classes = {m[0]: (m[1], m[2]) for m in CLASS.findall(js)}
        self.hcl = {}
        for name, body in HCL_FUNC.findall(js):
            self.hcl[name[0].upper() + name[1:]] = {a: t for a, _b, t in HCL_ATTR.findall(body)}
        self.docs: dict[str, dict[str, str]] = {}
        for name, body in IFACE.findall(dts):
            props = {}
            for doc, _prop, _opt in PROP.findall(body):
                link = re.search(r"\{@link \S+#(\S+) ", doc)
                if link:
                    text = re.sub(r"^\s*\*+ ?", "", doc, flags=re.MULTILINE)
                    props[link.group(1)] = text.split("Docs at Terraform Registry")[0].strip()
            self.docs[name] = props
        self.main = next(
            n
            for n, (base, _b) in self.classes.items()
            if base in ("TerraformResource", "TerraformDataSource", "TerraformProvider", "TerraformEphemeralResource")
        )

    def type_name(self) -> str:
        return re.search(r'static tfResourceType = "([^"]+)"', self.classes[self.main][1]).group(1)

    # -- schema -------------------------------------------------------------
    def block(self) -> dict:
        body = self.classes[self.main][1]
        hcl = {}
        synth = re.search(r"^    synthesizeHclAttributes\(\) \{\n(.*?)^    \}\n", body, re.MULTILINE | re.DOTALL)
        if synth:
            hcl = {a: t for a, _b, t in HCL_ATTR.findall(synth.group(1))}
        return self._members(body, hcl, self.docs.get(self.main + "Config", {}))

    def _members(self, body: str, hcl: dict, docs: dict) -> dict:
        attrs, blocks = {}, {}
        hits = list(FLAG_LINE.finditer(body))
        for i, hit in enumerate(hits):
            name, comp, opt, req = hit.group(1), *(g == "true" for g in hit.groups()[1:])
            chunk = body[hit.end() : hits[i + 1].start() if i + 1 < len(hits) else len(body)]
            doc = docs.get(name, "")
            flag = "r" if req else ("o" if opt else "") + ("c" if comp else "")
            new = re.search(r"= new ([\w.]+)\(this, \"[^\"]+\"(?:, (true|false))?\)", chunk)
            if new and new.group(1).split(".")[-1] in HELPERS:
                attrs[name] = self._attr(HELPERS[new.group(1).split(".")[-1]], flag, doc)
            elif new:
                cls = new.group(1)
                kind = (
                    "List"
                    if cls.endswith("List") and self.classes.get(cls, ("",))[0] == "ComplexList"
                    else "Map"
                    if self.classes.get(cls, ("",))[0] == "ComplexMap"
                    else "Single"
                )
                inner = re.sub(r"(List|Map)$", "", cls) + "OutputReference" if kind != "Single" else cls
                struct = re.sub(r"OutputReference$", "", inner)
                sub = self._members(self.classes[inner][1], self.hcl.get(struct, {}), self.docs.get(struct, {}))
                is_block = bool(re.match(rf"{re.escape(name)} block\b", doc))
                if is_block:
                    nesting = {"struct": "single"}.get(hcl.get(name), hcl.get(name, "list"))
                    blocks[name] = [nesting, 1 if req else 0, 1 if kind == "Single" and nesting != "single" else 0, sub]
                else:
                    obj = ["object", {n: a[0] for n, a in sub["a"].items()}]
                    if sub.get("b"):
                        raise ValueError(f"a block inside attribute {name}")
                    coll = hcl.get(name) or ("set" if new.group(2) == "true" else "list")
                    if kind == "Map":
                        coll = "map"
                    attrs[name] = self._attr(obj if coll == "struct" else [coll, obj], flag, doc)
            else:
                getter = re.search(r"this\.(get\w+Attribute)\(", chunk)
                if getter:
                    ty = GETTERS[getter.group(1)]
                    if "Fn.tolist(" in chunk.split("\n    }")[0] and ty[0] == "list":
                        ty = ["set", ty[1]]
                elif "interpolationForAttribute" in chunk:
                    ty = "dynamic"
                elif hcl.get(name):  # provider arguments have no getter
                    ty = self._provider_type(chunk, name, body)
                else:
                    raise ValueError(f"no type for {name}: {chunk[:200]!r}")
                attrs[name] = self._attr(ty, flag, doc)
        out = {"a": attrs}
        if blocks:
            out["b"] = blocks
        return out

    @staticmethod
    def _provider_type(chunk: str, name: str, body: str):
        m = re.search(
            rf"^\s+{name}: \{{\n\s+value: [^\n]*\n\s+isBlock: \w+,\n"
            r"\s+type: \"(\w+)\",\n\s+storageClassType: \"(\w+)\"",
            body,
            re.MULTILINE,
        )
        kind, storage = m.groups()
        base = {"string": "string", "number": "number", "boolean": "bool"}
        if kind == "simple":
            return base[storage]
        elem = re.sub(r"(List|Map|Set)$", "", storage)
        return [kind, base.get(elem, "string")]

    @staticmethod
    def _attr(ty, flag, doc):
        """[type, flags] or [type, flags, {"enum": [...], "default": "..."}]."""
        extra = {}
        flat = " ".join(doc.split())
        enum = re.search(r"Possible values: (\[[^\]]*\])", flat)
        if enum and ty == "string" and flag != "c":
            try:
                values = json.loads(enum.group(1))
            except ValueError:
                values = None
            if values and all(isinstance(v, str) for v in values):
                extra["enum"] = values
                default = re.search(r'Default value: "([^"]*)" Possible values', flat)
                if default and flag == "o":
                    extra["default"] = default.group(1)
        return [ty, flag, extra] if extra else [ty, flag]


def read_wheel(path: Path):
    """Return (metadata text, {relative path in npm package: text})."""
    with zipfile.ZipFile(path) as whl:
        meta = next(n for n in whl.namelist() if n.endswith(".dist-info/METADATA"))
        tgz = next(n for n in whl.namelist() if n.endswith(".jsii.tgz"))
        metadata = whl.read(meta).decode()
        blob = whl.read(tgz)
    files = {}
    with tarfile.open(fileobj=io.BytesIO(blob), mode="r:gz") as tar:
        for member in tar:
            if re.match(r"package/lib/[^/]+/index\.(js|d\.ts)$", member.name):
                files[member.name[len("package/lib/") :]] = tar.extractfile(member).read().decode()
    return metadata, files


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("wheel", type=Path)
    ap.add_argument("--types", type=Path, help="file with one resource type (or data.TYPE) a line; default: everything")
    ap.add_argument("-o", "--output", type=Path, required=True)
    args = ap.parse_args()

    metadata, files = read_wheel(args.wheel)
    got = re.search(r"bindings for (\S+) provider version (\S+)", metadata) or re.search(
        r"registry\.terraform\.io/providers/(\w+/\w+)/(\d[\w.]*)", metadata
    )
    source, version = got.group(1), got.group(2)
    wanted = None
    if args.types:
        wanted = {w for line in args.types.read_text().splitlines() if (w := line.split("#")[0].strip())}

    out = {
        "source": f"registry.terraform.io/{source}",
        "version": version,
        "derived_from": f"{args.wheel.name} (MPL-2.0)",
        "provider": {"a": {}},
        "resources": {},
        "data": {},
    }
    seen = set()
    for path in sorted(files):
        if not path.endswith("/index.js"):
            continue
        folder = path.split("/")[0]
        js = files[path]
        if "static tfResourceType" not in js:
            continue
        ty = re.search(r'static tfResourceType = "([^"]+)"', js).group(1)
        kind = (
            "provider"
            if folder == "provider"
            else "data"
            if "extends cdktn.TerraformDataSource" in js or "extends cdktf.TerraformDataSource" in js
            else "ephemeral"
            if "TerraformEphemeralResource" in js
            else "resources"
        )
        if kind == "ephemeral":
            continue
        key = f"data.{ty}" if kind == "data" else ty
        if kind != "provider" and wanted is not None and key not in wanted:
            continue
        seen.add(key)
        try:
            block = Module(js, files[path.replace(".js", ".d.ts")]).block()
        except (KeyError, RecursionError) as e:  # a few giant types are spread over several files
            print(f"skipped {key}: {type(e).__name__} {str(e)[:60]}", file=sys.stderr)
            continue
        if kind == "provider":
            out["provider"] = block
        else:
            out[kind][ty] = block
    if wanted and (missing := wanted - seen):
        print("not in this provider version:", ", ".join(sorted(missing)), file=sys.stderr)
    text = json.dumps(out, separators=(",", ":"), sort_keys=True)
    text = re.sub(r'("(?:google|archive|random|null|time|local)_\w+":\{"a")', r"\n\1", text)  # a line a type
    args.output.write_text(text + "\n")
    print(
        f"{args.output}: {source} {version}, {len(out['resources'])} resources, {len(out['data'])} data sources, "
        f"{args.output.stat().st_size // 1024} KiB"
    )


if __name__ == "__main__":
    main()
