"""The two wire formats a provider speaks: protobuf (messages) and msgpack (values).

Both codecs are small enough to own, so the stub needs neither `protobuf` nor
`msgpack` and cannot clash with the versions the Google client libraries want.

Messages are plain dicts; MESSAGES names their fields.  A field type is one of
``str bytes int bool`` or the name of another message; a leading ``*`` means
repeated.  Absent fields decode to nothing (use ``.get``).
"""

from __future__ import annotations

import struct

# --------------------------------------------------------------------------
# messages of Terraform plugin protocol 5 (only the fields used here)
# --------------------------------------------------------------------------
_DIAGS = "*Diagnostic"
MESSAGES: dict[str, dict[int, tuple[str, str]]] = {
    "Empty": {},
    "DynamicValue": {1: ("msgpack", "bytes"), 2: ("json", "bytes")},
    "Step": {1: ("attribute_name", "str"), 2: ("element_key_string", "str"), 3: ("element_key_int", "int")},
    "AttributePath": {1: ("steps", "*Step")},
    "Diagnostic": {
        1: ("severity", "int"),
        2: ("summary", "str"),
        3: ("detail", "str"),
        4: ("attribute", "AttributePath"),
    },
    "RawState": {1: ("json", "bytes")},
    "Attribute": {
        1: ("name", "str"),
        2: ("type", "bytes"),
        3: ("description", "str"),
        4: ("required", "bool"),
        5: ("optional", "bool"),
        6: ("computed", "bool"),
        7: ("sensitive", "bool"),
    },
    "NestedBlock": {
        1: ("type_name", "str"),
        2: ("block", "Block"),
        3: ("nesting", "int"),
        4: ("min_items", "int"),
        5: ("max_items", "int"),
    },
    "Block": {1: ("version", "int"), 2: ("attributes", "*Attribute"), 3: ("block_types", "*NestedBlock")},
    "Schema": {1: ("version", "int"), 2: ("block", "Block")},
    "SchemaEntry": {1: ("key", "str"), 2: ("value", "Schema")},
    "Parameter": {1: ("name", "str"), 2: ("type", "bytes")},
    "Return": {1: ("type", "bytes")},
    "Function": {1: ("parameters", "*Parameter"), 3: ("return", "Return"), 4: ("summary", "str")},
    "FunctionEntry": {1: ("key", "str"), 2: ("value", "Function")},
    "ServerCapabilities": {1: ("plan_destroy", "bool"), 2: ("get_provider_schema_optional", "bool")},
    "ImportedResource": {1: ("type_name", "str"), 2: ("state", "DynamicValue"), 3: ("private", "bytes")},
    # requests and responses
    "GetSchema.Response": {
        1: ("provider", "Schema"),
        2: ("resource_schemas", "*SchemaEntry"),
        3: ("data_source_schemas", "*SchemaEntry"),
        4: ("diagnostics", _DIAGS),
        6: ("server_capabilities", "ServerCapabilities"),
        7: ("functions", "*FunctionEntry"),
    },
    "PrepareProviderConfig.Request": {1: ("config", "DynamicValue")},
    "PrepareProviderConfig.Response": {1: ("prepared_config", "DynamicValue"), 2: ("diagnostics", _DIAGS)},
    "Configure.Request": {1: ("terraform_version", "str"), 2: ("config", "DynamicValue")},
    "Validate.Request": {1: ("type_name", "str"), 2: ("config", "DynamicValue")},
    "Diagnostics": {1: ("diagnostics", _DIAGS)},
    "UpgradeResourceState.Request": {1: ("type_name", "str"), 2: ("version", "int"), 3: ("raw_state", "RawState")},
    "UpgradeResourceState.Response": {1: ("upgraded_state", "DynamicValue"), 2: ("diagnostics", _DIAGS)},
    "ReadResource.Request": {1: ("type_name", "str"), 2: ("current_state", "DynamicValue"), 3: ("private", "bytes")},
    "ReadResource.Response": {1: ("new_state", "DynamicValue"), 2: ("diagnostics", _DIAGS), 3: ("private", "bytes")},
    "PlanResourceChange.Request": {
        1: ("type_name", "str"),
        2: ("prior_state", "DynamicValue"),
        3: ("proposed_new_state", "DynamicValue"),
        4: ("config", "DynamicValue"),
        5: ("prior_private", "bytes"),
    },
    "PlanResourceChange.Response": {
        1: ("planned_state", "DynamicValue"),
        2: ("requires_replace", "*AttributePath"),
        3: ("planned_private", "bytes"),
        4: ("diagnostics", _DIAGS),
        5: ("legacy_type_system", "bool"),
    },
    "ApplyResourceChange.Request": {
        1: ("type_name", "str"),
        2: ("prior_state", "DynamicValue"),
        3: ("planned_state", "DynamicValue"),
        4: ("config", "DynamicValue"),
        5: ("planned_private", "bytes"),
    },
    "ApplyResourceChange.Response": {
        1: ("new_state", "DynamicValue"),
        2: ("private", "bytes"),
        3: ("diagnostics", _DIAGS),
        4: ("legacy_type_system", "bool"),
    },
    "ImportResourceState.Request": {1: ("type_name", "str"), 2: ("id", "str")},
    "ImportResourceState.Response": {1: ("imported_resources", "*ImportedResource"), 2: ("diagnostics", _DIAGS)},
    "ReadDataSource.Request": {1: ("type_name", "str"), 2: ("config", "DynamicValue")},
    "ReadDataSource.Response": {1: ("state", "DynamicValue"), 2: ("diagnostics", _DIAGS)},
    "CallFunction.Request": {1: ("name", "str"), 2: ("arguments", "*DynamicValue")},
    "CallFunction.Response": {1: ("result", "DynamicValue"), 2: ("diagnostics", _DIAGS)},
    "Stop.Response": {1: ("error", "str")},
}

# rpc name -> (request message, response message); the service is tfplugin5.Provider
RPCS = {
    "GetSchema": ("Empty", "GetSchema.Response"),
    "PrepareProviderConfig": ("PrepareProviderConfig.Request", "PrepareProviderConfig.Response"),
    "ValidateResourceTypeConfig": ("Validate.Request", "Diagnostics"),
    "ValidateDataSourceConfig": ("Validate.Request", "Diagnostics"),
    "UpgradeResourceState": ("UpgradeResourceState.Request", "UpgradeResourceState.Response"),
    "Configure": ("Configure.Request", "Diagnostics"),
    "ReadResource": ("ReadResource.Request", "ReadResource.Response"),
    "PlanResourceChange": ("PlanResourceChange.Request", "PlanResourceChange.Response"),
    "ApplyResourceChange": ("ApplyResourceChange.Request", "ApplyResourceChange.Response"),
    "ImportResourceState": ("ImportResourceState.Request", "ImportResourceState.Response"),
    "ReadDataSource": ("ReadDataSource.Request", "ReadDataSource.Response"),
    "CallFunction": ("CallFunction.Request", "CallFunction.Response"),
    "Stop": ("Empty", "Stop.Response"),
}


def _varint(n: int) -> bytes:
    if n < 0:
        n += 1 << 64
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def encode_message(name: str, value: dict) -> bytes:
    out = bytearray()
    for number, (field, marked) in MESSAGES[name].items():
        content = value.get(field)
        if content is None:
            continue
        repeated, kind = marked[0] == "*", marked.lstrip("*")
        for item in content if repeated else (content,):
            if kind in ("int", "bool"):
                if item or repeated:
                    out += _varint(number << 3) + _varint(int(item))
                continue
            if kind == "str":
                blob = item.encode()
            elif kind == "bytes":
                blob = item
            else:
                blob = encode_message(kind, item)
            if blob or repeated or kind not in ("str", "bytes"):
                out += _varint(number << 3 | 2) + _varint(len(blob)) + blob
    return bytes(out)


def decode_message(name: str, data: bytes) -> dict:
    fields, out, pos = MESSAGES[name], {}, 0

    def varint() -> int:
        nonlocal pos
        shift = value = 0
        while True:
            byte = data[pos]
            pos += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while pos < len(data):
        tag = varint()
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            raw: int | bytes = varint()
        elif wire == 2:
            size = varint()
            raw = data[pos : pos + size]
            pos += size
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            raw = data[pos : pos + size]
            pos += size
        else:
            raise ValueError(f"wire type {wire} in {name}")
        if number not in fields:
            continue
        field, kind = fields[number]
        base = kind.lstrip("*")
        if base == "str":
            item = raw.decode()
        elif base == "bytes":
            item = bytes(raw)
        elif base == "bool":
            item = bool(raw)
        elif base == "int":
            item = raw - (1 << 64) if raw >> 63 else raw
        else:
            item = decode_message(base, raw)
        if kind[0] == "*":
            out.setdefault(field, []).append(item)
        else:
            out[field] = item
    return out


# --------------------------------------------------------------------------
# msgpack, as cty uses it
# --------------------------------------------------------------------------
class Unknown:
    """A value Terraform will only know after apply."""

    _one = None

    def __new__(cls):
        cls._one = cls._one or super().__new__(cls)
        return cls._one

    def __repr__(self):
        return "UNKNOWN"

    def __bool__(self):
        raise TypeError("the truth of an unknown value is not known")


UNKNOWN = Unknown()


def pack(value) -> bytes:
    out = bytearray()
    _pack(value, out)
    return bytes(out)


def _pack(v, out: bytearray) -> None:
    if v is None:
        out.append(0xC0)
    elif v is UNKNOWN:
        out += b"\xd4\x00\x00"
    elif v is True or v is False:
        out.append(0xC3 if v else 0xC2)
    elif isinstance(v, int):
        if 0 <= v < 128:
            out.append(v)
        elif -32 <= v < 0:
            out.append(v & 0xFF)
        elif -(1 << 63) <= v < 1 << 63:
            out += b"\xd3" + struct.pack(">q", v)
        else:  # cty writes big numbers as strings
            _pack(str(v), out)
    elif isinstance(v, float):
        out += b"\xcb" + struct.pack(">d", v)
    elif isinstance(v, str):
        b = v.encode()
        n = len(b)
        out += (
            bytes([0xA0 | n])
            if n < 32
            else b"\xd9" + bytes([n])
            if n < 256
            else b"\xda" + struct.pack(">H", n)
            if n < 65536
            else b"\xdb" + struct.pack(">I", n)
        )
        out += b
    elif isinstance(v, bytes):
        out += b"\xc6" + struct.pack(">I", len(v)) + v
    elif isinstance(v, (list, tuple)):
        n = len(v)
        out += (
            bytes([0x90 | n])
            if n < 16
            else b"\xdc" + struct.pack(">H", n)
            if n < 65536
            else b"\xdd" + struct.pack(">I", n)
        )
        for item in v:
            _pack(item, out)
    elif isinstance(v, dict):
        n = len(v)
        out += (
            bytes([0x80 | n])
            if n < 16
            else b"\xde" + struct.pack(">H", n)
            if n < 65536
            else b"\xdf" + struct.pack(">I", n)
        )
        for k in sorted(v):
            _pack(k, out)
            _pack(v[k], out)
    else:
        raise TypeError(f"cannot pack {type(v)}")


def unpack(data: bytes):
    value, end = _unpack(data, 0)
    if end != len(data):
        raise ValueError("bytes after a msgpack value")
    return value


_SIZES = {
    0xC4: ">B",
    0xC5: ">H",
    0xC6: ">I",
    0xC7: ">B",
    0xC8: ">H",
    0xC9: ">I",
    0xD9: ">B",
    0xDA: ">H",
    0xDB: ">I",
    0xDC: ">H",
    0xDD: ">I",
    0xDE: ">H",
    0xDF: ">I",
}
_NUMBERS = {
    0xCA: ">f",
    0xCB: ">d",
    0xCC: ">B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: ">b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}


def _unpack(d: bytes, i: int):
    t = d[i]
    i += 1
    if t < 0x80:
        return t, i
    if t >= 0xE0:
        return t - 256, i
    if t in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[t], i
    if t in _NUMBERS:
        size = struct.calcsize(_NUMBERS[t])
        return struct.unpack_from(_NUMBERS[t], d, i)[0], i + size
    if 0xD4 <= t <= 0xD8:  # fixext; cty uses ext types only for unknown values
        return UNKNOWN, i + 1 + (1 << t - 0xD4)
    if t in _SIZES:
        n = struct.unpack_from(_SIZES[t], d, i)[0]
        i += struct.calcsize(_SIZES[t])
    else:
        n = t & (0x0F if t < 0xA0 else 0x1F)
    if t in (0xC7, 0xC8, 0xC9):
        return UNKNOWN, i + 1 + n
    if t in (0xC4, 0xC5, 0xC6):
        return d[i : i + n], i + n
    if t in (0xD9, 0xDA, 0xDB) or 0xA0 <= t < 0xC0:
        return d[i : i + n].decode(), i + n
    if t in (0xDC, 0xDD) or 0x90 <= t < 0xA0:
        items = []
        for _ in range(n):
            v, i = _unpack(d, i)
            items.append(v)
        return items, i
    if t in (0xDE, 0xDF) or 0x80 <= t < 0x90:
        out = {}
        for _ in range(n):
            k, i = _unpack(d, i)
            out[k], i = _unpack(d, i)
        return out, i
    raise ValueError(f"msgpack byte {t:#x}")
