"""Builds the body of a launch request from a step's rendered spec. Pure."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestrator.core.names import JOB_NAME_LENGTH, KEY_LENGTH, clean, run_key
from orchestrator.core.steps import KEEP, Json
from orchestrator.errors import LaunchRefusedError
from orchestrator.expressions import as_text
from orchestrator.jobs.dataflow.options import COUNTS, NOT_CLASSIC, OPTIONS, TOGETHER
from orchestrator.ports import JobRequest

#: Jobs that share a temporary folder fail when they finish, so each has its own, named after the job.
_FOLDERS = frozenset({"temp_location", "staging_location"})

#: "The labels map can contain no more than 64 entries" (Job.labels); keys and values take 63 characters.
_MAX_LABELS, _LABEL_LENGTH = 64, 63


def with_defaults(request: JobRequest, defaults: Mapping[str, Json]) -> JobRequest:
    """The request with ``defaults`` for all options that its step does not set; labels are merged key by key.

    For a classic template, defaults that it does not support are left out. (If its step sets one, that is refused.)
    """
    said = {option: value for option, value in request.spec.items() if value is not None}
    others = {option for together in TOGETHER if together & said.keys() for option in together}
    left_out = others | NOT_CLASSIC if classic(request) else others
    spec = {option: value for option, value in defaults.items() if option not in left_out} | said
    common, own = defaults.get("labels"), said.get("labels")
    if isinstance(common, dict) and isinstance(own, dict):
        spec["labels"] = {**common, **own}
    return replace(request, spec=spec)


def body(request: JobRequest) -> dict[str, Any]:
    """The body of ``flexTemplates.launch``, or of ``templates.launch`` for a classic template.

    Raises LaunchRefusedError if the spec cannot be put into one.
    """
    launch: dict[str, Any] = {
        "jobName": request.name,
        "parameters": _parameters(request),
        "environment": _environment(request),
    }
    if classic(request):
        return launch
    return {"launchParameter": {**launch, "containerSpecGcsPath": template(request)}}


def _parameters(request: JobRequest) -> dict[str, str]:
    given = request.spec.get("parameters")
    found = given if isinstance(given, dict) else {}
    return {name: as_text(value) for name, value in found.items() if value is not None}


def classic(request: JobRequest) -> bool:
    """Whether the template is a classic one."""
    return request.spec.get("classic") is True


def streaming(request: JobRequest) -> bool:
    """Whether running and drained count as successes."""
    return request.spec.get("streaming") is True


def keep(request: JobRequest) -> bool:
    """Whether the job is started only if none of its name runs, and left running when its run has ended."""
    return request.spec.get("streaming") == KEEP


def kept(request: JobRequest) -> JobRequest:
    """The request under the name that a kept job has in every run: its ``job_name``, or its graph and step.

    It keeps the deployment's prefix, but not the run and the attempt. A name that is too long is cut, and a hash of the
    whole name is added, so that it differs from others with the same beginning.
    """
    *prefix, _, _ = request.name.split("--")
    whole = clean(request.job_name or request.step)
    if request.job_name is None:
        whole = f"{request.run.graph}-{whole}"
        whole = whole if prefix or whole[0].isalpha() else f"graph-{whole}"
    name = "--".join([*prefix, whole])
    if len(name) > JOB_NAME_LENGTH:
        name = f"{name[: JOB_NAME_LENGTH - KEY_LENGTH - 1].rstrip('-')}-{run_key(whole)}"
    return replace(request, name=name)


def template(request: JobRequest) -> str:
    """The template's path in Cloud Storage. Raises LaunchRefusedError."""
    path = request.spec.get("template")
    if not isinstance(path, str) or not path.startswith("gs://"):
        raise _refusal(request, "template", "a path in Cloud Storage (gs://…)", path)
    return path


def region(request: JobRequest, default: str | None) -> str:
    """The region of the step, or the ``default``. Raises LaunchRefusedError."""
    name = request.spec.get("region") or default
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][-a-z0-9]*", name):
        raise _refusal(request, "region", "a region such as europe-west4", name)
    return name


#: The labels that are the same in every run of a step.
WHOSE = "orchestrator-graph", "orchestrator-step"


def labels(request: JobRequest) -> dict[str, str]:
    """The labels that say whose job it is."""
    return {
        "orchestrator-graph": label(request.run.graph),
        "orchestrator-run": label(request.run.id),
        "orchestrator-step": label(request.step),
        "orchestrator-attempt": str(request.attempt),
    }


def _environment(request: JobRequest) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for option, field in OPTIONS.items():
        value = request.spec.get(option)
        if value is None:
            continue
        if option in NOT_CLASSIC and classic(request):
            raise LaunchRefusedError(f"step '{request.step}': dataflow.{option}: classic templates have no such option")
        found[field] = _option(request, option, value)
    found["additionalUserLabels"] = _all_labels(request)
    return found


def _option(request: JobRequest, option: str, value: Json) -> Json:
    if option in COUNTS:
        if isinstance(value, bool) or not re.fullmatch(r"[1-9][0-9]*", str(value)):
            raise _refusal(request, option, "a whole number of at least 1", value)
        return int(str(value))
    if option in _FOLDERS:
        return f"{str(value).rstrip('/')}/{request.name}"
    return value


def _all_labels(request: JobRequest) -> dict[str, str]:
    given = request.spec.get("labels")
    own = given if isinstance(given, dict) else {}
    made = {_label_key(key): label(as_text(value)) for key, value in own.items()} | labels(request)
    if len(made) > _MAX_LABELS:
        raise _refusal(request, "labels", f"at most {_MAX_LABELS} labels with our own four", f"{len(made)}")
    return made


def label(text: str) -> str:
    """``text`` as the value of a label: lower-case letters, digits, '_' and '-', at most 63 of them."""
    return re.sub(r"[^a-z0-9_-]", "-", text.lower())[:_LABEL_LENGTH]


def _label_key(text: str) -> str:
    """``text`` as a label's key, which begins with a letter; keys that begin with ``goog`` are Google's own."""
    key = label(text)
    return key if key[:1].isalpha() and not key.startswith("goog") else f"x-{key}"[:_LABEL_LENGTH]


def _refusal(request: JobRequest, option: str, expected: str, came: object) -> LaunchRefusedError:
    return LaunchRefusedError(f"step '{request.step}': dataflow.{option}: expected {expected}, got {came!r}")
