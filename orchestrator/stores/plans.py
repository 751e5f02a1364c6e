"""How plans are stored: as compressed JSON. Data that would decompress to more than the limit is refused."""

import json
import zlib

from orchestrator.core import plan_codec
from orchestrator.core.plan import Plan
from orchestrator.errors import UnstorableError
from orchestrator.stores.records import made

#: The most bytes a plan may have as JSON. A graph's file may have a quarter of that.
MAX_PLAN = 64 * 1024 * 1024

_text = json.JSONEncoder(separators=(",", ":")).encode


def pack(plan: Plan, level: int = -1) -> bytes:
    """Compress a plan. ``level``: zlib's. Raises UnstorableError if the plan is too large."""
    text = _text(plan_codec.plan_to_json(plan)).encode()
    if len(text) > MAX_PLAN:
        raise UnstorableError(
            f"graph '{plan.graph}' takes {len(text):,} bytes as JSON, and at most {MAX_PLAN:,} are kept: "
            "put large data into files, and give their paths"
        )
    return zlib.compress(text, level)


def unpack(path: str, packed: bytes) -> Plan:
    """The plan stored at ``path``, from its compressed form. Raises UnreadableRecordError."""
    return made(path, lambda: plan_codec.plan_from_json(json.loads(_inflated(packed))))


def _inflated(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(packed, MAX_PLAN + 1)
    if len(text) > MAX_PLAN:
        raise ValueError(f"it unpacks to more than {MAX_PLAN:,} bytes")
    if not unpacking.eof:
        raise ValueError("its end is missing")
    return text
