"""A fake for the Google APIs that tell what there is in a project: it answers from plain mappings, and reads only.

``GOOGLE_APIS_EMULATOR_URL`` sends ``orchestrator doctor`` and ``orchestrator start`` to it. Every request and every
answer is checked against the discovery documents inside Google's client. It knows nothing of deployments.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from orchestrator.fakes.discovery import schema_of
from orchestrator.fakes.rest import Answer, RefusedError, Server, no_method, read, route
from tests.doubles.google.calls import SERVED, Said, resource

#: Answers to everything, also where it is not enabled: or nobody could ask what is.
_ALWAYS_ON = ("serviceusage", "storage")


@dataclass(slots=True)
class Bodies:
    """What there is. All keys are relative resource names, as each API's reference gives them:

    ``projects/P``, ``projects/P/services/run.googleapis.com`` (its ``state``), and below ``projects/P/locations/L/``:
    ``functions/F``, ``services/S``, ``queues/Q``, ``jobs/J`` (Cloud Scheduler's), ``triggers/T``, ``repositories/R``;
    ``projects/P/sinks/S``, ``…/topics/T``, ``…/subscriptions/S``, ``…/serviceAccounts/EMAIL``, ``…/databases/D`` and
    ``…/databases/D/collectionGroups/G/fields/F``; ``projects/_/buckets/B`` and ``projects/_/buckets/B/objects/O``.
    Dataflow's jobs are one list: ``projects/P/jobs`` is ``{"jobs": [...]}``.

    ``resources``: name -> the REST body that its ``get`` answers. ``policies``: name -> IAM policy; what has none has
    an empty one. ``contents``: name of an object -> its bytes. All three may be changed while the fake serves.
    """

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)

    def grant(self, name: str, role: str, member: str, condition: Mapping[str, str] | None = None) -> None:
        """Add to the policy of a resource what ``add-iam-policy-binding`` would."""
        bindings = self.policies.setdefault(name, {"version": 3, "etag": "BwXhqDVZzTE=", "bindings": []})["bindings"]
        for binding in bindings:
            if binding["role"] == role and binding.get("condition") == condition:
                binding["members"] = sorted({*binding["members"], member})
                return
        bindings.append({"role": role, "members": [member]} | ({"condition": dict(condition)} if condition else {}))

    def revoke(self, name: str, role: str, member: str) -> None:
        """Take a role on a resource from somebody. Raises LookupError if nobody of that name has it."""
        for binding in self.policies.get(name, {}).get("bindings", ()):
            if binding["role"] == role and member in binding["members"]:
                binding["members"].remove(member)
                return
        raise LookupError(f"{member} has no {role} on {name}")


class FakeGoogle:
    """``with FakeGoogle(bodies) as fake:`` serves at ``fake.url`` until the end of the block.

    ``faults``: what ``fail`` was told. ``calls`` counts the requests of each method (``pubsub.projects.topics.get``).
    ``misfits`` lists what was answered against a discovery document: it stays empty, or ``bodies`` are not Google's.
    """

    def __init__(self, bodies: Bodies, *, port: int = 0) -> None:
        self.bodies = bodies
        self.calls: Counter[str] = Counter()
        self.misfits: list[str] = []
        self.faults: dict[tuple[str, str], RefusedError] = {}
        self._server = Server(self.answer, port)

    @property
    def url(self) -> str:
        return self._server.url

    def fail(self, name: str, fault: RefusedError, method: str = "") -> None:
        """From now on calls about the resource ``name`` (``*``: about all) are answered with an error: all calls, or
        those whose method ends with ``method``, such as ``getIamPolicy``."""
        self.faults[name, method] = fault

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def answer(self, verb: str, target: str, body: bytes) -> Answer:
        """The answer to a request to ``/API/PATH``."""
        url = urlsplit(target)
        api, _, path = url.path.removeprefix("/").partition("/")
        try:
            if api not in SERVED:
                raise no_method()
            return 200, self._do(api, verb, path, parse_qs(url.query), body)
        except RefusedError as error:
            return error.http, error.body()

    def _do(
        self, api: str, verb: str, path: str, query: Mapping[str, list[str]], body: bytes
    ) -> Mapping[str, Any] | bytes:
        version, served = SERVED[api]
        schema = schema_of(api, version)
        wanted = [method for method in schema.methods if method.name in served]
        try:
            method, where = route(wanted, verb, path)
        except RefusedError:
            method, _ = route(schema.methods, verb, path)  # Google has it
            raise RefusedError(501, "UNIMPLEMENTED", f"The fake has no {api}.{method.name}.") from None
        self.calls[f"{api}.{method.name}"] += 1
        name = resource(where)
        self._refuse(api, method.name, name)
        said = read(method, {key: values[-1] for key, values in query.items()}, body, schema.misfits)
        result = served[method.name](Said(self.bodies, name, query, said))
        if not isinstance(result, bytes):
            self.misfits += schema.misfits(method.response, result, name)
        return result

    def _refuse(self, api: str, method: str, name: str) -> None:
        for (about, ending), fault in self.faults.items():
            if about in ("*", name) and method.endswith(ending):
                raise fault
        project = "/".join(unquote(name).split("/")[:2])
        if api in _ALWAYS_ON or project == "projects/_":
            return
        if project not in self.bodies.resources:
            text = f"Permission denied on resource '{project}' (or it may not exist)."
            raise RefusedError(403, "PERMISSION_DENIED", text)
        service = self.bodies.resources.get(f"{project}/services/{api}.googleapis.com", {})
        if service.get("state") != "ENABLED":
            raise disabled(api, self.bodies.resources[project].get("projectNumber", ""))


def forbidden() -> RefusedError:
    """A 403 as most APIs write it."""
    return RefusedError(403, "PERMISSION_DENIED", "The caller does not have permission", "forbidden")


def disabled(api: str, number: str) -> RefusedError:
    """The 403 of an API that is off, as recorded of Dataflow in 2020, with the reason that newer answers carry."""
    host = f"{api}.googleapis.com"
    page = f"https://console.developers.google.com/apis/api/{host}/overview?project={number}"
    text = (
        f"{api} API has not been used in project {number} before or it is disabled. Enable it by visiting {page} then"
        " retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and"
        " retry."
    )
    reason = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"service": host, "consumer": f"projects/{number}"},
    }
    return RefusedError(403, "PERMISSION_DENIED", text, details=[reason])
