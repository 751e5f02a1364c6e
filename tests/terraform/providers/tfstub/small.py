"""archive, random, null, time and local: these really do their work, offline."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import os
import random
import re
import secrets
import string
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .provider import Problem, Provider
from .wire import UNKNOWN


def digests(data: bytes) -> dict[str, str]:
    def h(n):
        return hashlib.new(n, data)

    return {
        "md5": h("md5").hexdigest(),
        "sha": h("sha1").hexdigest(),
        "sha1": h("sha1").hexdigest(),
        "sha256": h("sha256").hexdigest(),
        "sha512": h("sha512").hexdigest(),
        "base64sha256": base64.b64encode(h("sha256").digest()).decode(),
        "base64sha512": base64.b64encode(h("sha512").digest()).decode(),
    }


class Archive(Provider):
    """A zip whose bytes depend only on names, contents and output_file_mode."""

    SOURCES = ("source_content", "source_file", "source_dir", "source")

    def check(self, key, config):
        given = [s for s in self.SOURCES if config.get(s) not in (None, [])]
        if len(given) != 1:
            yield Problem(
                "Invalid Attribute Combination",
                f"Exactly one of {', '.join(self.SOURCES)} must be set, got {given or 'none'}.",
            )
        if config.get("source_content") is not None and config.get("source_content_filename") is None:
            yield Problem("Invalid Attribute Combination", "source_content needs source_content_filename.")
        if config.get("type") not in (UNKNOWN, None, "zip", "tar.gz"):
            yield Problem(
                "Invalid Attribute Value Match",
                f'type must be one of ["zip" "tar.gz"], got "{config["type"]}"',
                ("type",),
            )

    def members(self, v) -> dict[str, bytes]:
        if v.get("source_content") is not None:
            return {v["source_content_filename"]: v["source_content"].encode()}
        if v.get("source_file"):
            path = Path(v["source_file"])
            if not path.is_file():
                raise Problem("Archive creation error", f"could not archive missing file: {path}", ("source_file",))
            return {path.name: path.read_bytes()}
        if v.get("source"):
            return {s["filename"]: s["content"].encode() for s in v["source"]}
        root = Path(v["source_dir"])
        if not root.is_dir():
            raise Problem("Archive creation error", f"could not archive missing directory: {root}", ("source_dir",))
        out = {}
        patterns = [p.rstrip("/") for p in v.get("excludes") or []]
        for folder, dirs, files in os.walk(root, followlinks=True):
            dirs.sort()
            for f in sorted(files):
                rel = Path(folder, f).relative_to(root).as_posix()
                if not any(excluded(rel, p) for p in patterns):
                    out[rel] = Path(folder, f).read_bytes()
        return out

    def build(self, v) -> None:
        members = self.members(v)
        if not members:
            raise Problem("Archive creation error", "archive has not been created as it would be empty")
        path = Path(v["output_path"])
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = int(v["output_file_mode"], 8) if v.get("output_file_mode") else 0o644
        temp = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        with zipfile.ZipFile(temp, "w") as z:
            for name in sorted(members):
                info = zipfile.ZipInfo(name, (2049, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                info.create_system = 3
                info.external_attr = (0o100000 | mode) << 16
                z.writestr(info, members[name])
        data = temp.read_bytes()
        temp.replace(path)
        got = digests(data)
        for n in ("md5", "sha", "sha256", "sha512", "base64sha256", "base64sha512"):
            v["output_" + n] = got[n]
        v["output_size"] = len(data)
        v["id"] = got["sha"]

    def read_data(self, ty, v):
        if v.get("type") != "zip":
            raise Problem("stub limit", 'this fake archives only type = "zip"', ("type",))
        self.build(v)

    def create(self, ty, v, prior):
        self.build(v)

    update = create


def excluded(rel: str, pattern: str) -> bool:
    """doublestar-like: ** spans folders, a bare folder name excludes all under it."""
    regex = (
        re.escape(pattern)
        .replace(r"\*\*/", "(?:.*/)?")
        .replace(r"\*\*", ".*")
        .replace(r"\*", "[^/]*")
        .replace(r"\?", "[^/]")
    )
    return re.fullmatch(regex + "(?:/.*)?", rel) is not None or (fnmatch.fnmatch(rel, pattern) and "/" not in rel)


class Random(Provider):
    def force_new(self, ty):
        return set(self.schema.resources[ty].attrs) - {
            "id",
            "result",
            "hex",
            "dec",
            "b64_std",
            "b64_url",
            "base64",
            "bcrypt_hash",
        }

    def create(self, ty, v, prior):
        kind = ty.removeprefix("random_")
        if kind in ("uuid", "uuid4", "uuid7"):
            v["id"] = v["result"] = str(uuid.uuid4())
        elif kind in ("id", "bytes"):
            raw = secrets.token_bytes(int(v.get("byte_length") or v.get("length") or 1))
            prefix = v.get("prefix") or ""
            forms = {
                "hex": raw.hex(),
                "dec": str(int.from_bytes(raw, "big")),
                "b64_std": base64.b64encode(raw).decode(),
                "base64": base64.b64encode(raw).decode(),
                "b64_url": base64.urlsafe_b64encode(raw).decode().rstrip("="),
                "id": base64.urlsafe_b64encode(raw).decode().rstrip("="),
            }
            for n, text in forms.items():
                if n in v:
                    v[n] = text if n in ("id", "base64") else prefix + text
        elif kind == "pet":
            words = [
                "able",
                "brisk",
                "calm",
                "dapper",
                "eager",
                "fond",
                "glad",
                "heron",
                "ibis",
                "jay",
                "koala",
                "lemur",
            ]
            sep = v.get("separator") or "-"
            parts = [v["prefix"]] if v.get("prefix") else []
            v["id"] = sep.join(parts + [secrets.choice(words) for _ in range(int(v.get("length") or 2))])
        elif kind == "integer":
            v["result"] = random.randint(int(v["min"]), int(v["max"]))
            v["id"] = str(v["result"])
        elif kind == "shuffle":
            items = list(v["input"])
            random.Random(v.get("seed")).shuffle(items)
            n = int(v["result_count"]) if v.get("result_count") else len(items)
            v["result"], v["id"] = [items[i % len(items)] for i in range(n)], "-"
        elif kind in ("string", "password"):
            special = v.get("override_special") or "!@#$%&*()-_=+[]{}<>:?"
            sets = [
                (string.ascii_lowercase, "lower"),
                (string.ascii_uppercase, "upper"),
                (string.digits, "numeric"),
                (special, "special"),
            ]
            used = [s for s, n in sets if v.get(n) is not False and v.get(n) is not UNKNOWN] or [s for s, _ in sets]
            for _s, n in sets:
                v[n] = True if v.get(n) in (None, UNKNOWN) else v[n]
                low = f"min_{n}"
                v[low] = 0 if v.get(low) in (None, UNKNOWN) else v[low]
            if v.get("number") in (None, UNKNOWN):
                v["number"] = v["numeric"]
            chars = [secrets.choice(s) for s, n in sets for _ in range(int(v[f"min_{n}"]))]
            chars += [secrets.choice("".join(used)) for _ in range(int(v["length"]) - len(chars))]
            random.shuffle(chars)
            v["result"] = "".join(chars)
            v["id"] = "none" if kind == "password" else v["result"]
            if "bcrypt_hash" in v:
                v["bcrypt_hash"] = (
                    "$2a$10$" + base64.b64encode(hashlib.sha256(v["result"].encode()).digest()).decode()[:53]
                )


class Null(Provider):
    def force_new(self, ty):
        return {"triggers"}

    def create(self, ty, v, prior):
        v["id"] = str(random.getrandbits(63))

    def read_data(self, ty, v):
        v.update(id="static", random=str(random.getrandbits(63)), outputs=v.get("inputs") or {})


class Time(Provider):
    """time_sleep does not sleep: nothing here is eventually consistent."""

    def force_new(self, ty):
        return {"triggers"}

    def create(self, ty, v, prior):
        def given(name):
            value = v.get(name)
            return None if value is UNKNOWN else value

        def fill(name, value):
            if v.get(name, "absent") in (None, UNKNOWN):
                v[name] = value

        def text(when):
            return when.strftime("%Y-%m-%dT%H:%M:%SZ")

        now = datetime.now(UTC).replace(microsecond=0)
        base = given("base_rfc3339" if ty == "time_offset" else "rfc3339")
        if base:
            now = datetime.fromisoformat(base)
        v["id"] = text(now)
        if ty == "time_sleep":
            return
        lead = {"time_offset": "offset_", "time_rotating": "rotation_"}.get(ty)
        later = now
        if lead:
            n = {u: given(lead + u) or 0 for u in ("years", "months", "days", "hours", "minutes", "seconds")}
            later = now + timedelta(
                days=n["days"] + 30 * n["months"] + 365 * n["years"],
                hours=n["hours"],
                minutes=n["minutes"],
                seconds=n["seconds"],
            )
        shown = later if ty == "time_offset" else now
        fill("base_rfc3339", text(now))
        fill("rotation_rfc3339", text(later))
        fill("rfc3339", text(shown))
        fill("unix", int(shown.timestamp()))
        for part in ("year", "month", "day", "hour", "minute", "second"):
            fill(part, getattr(shown, part))


class Local(Provider):
    def force_new(self, ty):
        return set(self.schema.resources[ty].attrs) - {"id"}

    def plan(self, ty, v, prior, config):
        for n in ("content", "sensitive_content", "content_base64", "source"):  # inputs, never filled in
            if config.get(n) is None and n in v and v[n] is UNKNOWN:
                v[n] = None

    def create(self, ty, v, prior):
        if v.get("content_base64"):
            data = base64.b64decode(v["content_base64"])
        elif v.get("source"):
            data = Path(v["source"]).read_bytes()
        else:
            data = (v.get("content") or v.get("sensitive_content") or "").encode()
        path = Path(v["filename"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(int(v.get("file_permission") or "0777", 8) if v.get("file_permission") is not UNKNOWN else 0o644)
        self._sums(v, data)

    def delete(self, ty, v):
        Path(v["filename"]).unlink(missing_ok=True)

    def read_data(self, ty, v):
        path = Path(v["filename"])
        if ty == "local_command" or not path.is_file():
            raise Problem("Read local file data source error", f"open {path}: no such file or directory", ("filename",))
        data = path.read_bytes()
        v.update(content=data.decode(errors="replace"), content_base64=base64.b64encode(data).decode())
        self._sums(v, data)

    @staticmethod
    def _sums(v, data):
        got = digests(data)
        v["id"] = got["sha1"]
        for n in ("md5", "sha1", "sha256", "sha512", "base64sha256", "base64sha512"):
            v["content_" + n] = got[n]
