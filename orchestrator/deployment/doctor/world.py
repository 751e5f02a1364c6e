"""A deployment as doctor sees it: each thing asked for once, whoever needs it, and what its functions were told."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestrator.client.google_apis import Apis, AskError, Body, Call
from orchestrator.deployment import FUNCTIONS, Deployment
from orchestrator.deployment.archive import archive_name
from orchestrator.deployment.doctor import calls
from orchestrator.deployment.doctor.fixes import Fixes
from orchestrator.deployment.given import GIVEN, Given, read_given
from orchestrator.deployment.lockfile.file import Lock, read_lock
from orchestrator.errors import NotFoundError, UsageError


@dataclass(frozen=True, slots=True)
class Here:
    """What lies on this machine. ``archive``: the name of the functions' source as it would be deployed from here.

    What is None is not there, and ``no_lock`` and ``no_archive`` say why.
    """

    lock: Lock | None
    no_lock: str
    archive: str | None
    no_archive: str


def look_here(folder: Path, graphs: Path) -> Here:
    """What the ``graphs`` folder says, and the repository in which ``folder`` lies."""
    lock, archive, no_lock, no_archive = None, None, "", ""
    try:
        lock = read_lock(graphs)
    except UsageError as error:
        no_lock = str(error)
    root = next((root for root in (folder, *folder.parents) if (root / "functions/left-out.json").is_file()), None)
    if root is None:
        no_archive = "this is not run inside the orchestrator's repository"
    else:
        try:
            archive = archive_name(root, graphs)
        except (NotFoundError, UsageError, OSError) as error:
            no_archive = str(error)
    return Here(lock, no_lock, archive, no_archive)


class World:
    """Safe for threads. What is asked raises AskError, again each time."""

    def __init__(self, apis: Apis, deployment: Deployment, here: Here) -> None:
        self.deployment, self.here, self.fixes = deployment, here, Fixes(deployment)
        self._apis = apis
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, ...], Future[Any]] = {}

    def get(self, call: Call, name: str, **more: Any) -> Body | None:
        """What is said of the resource ``name``; None if there is no such resource."""
        try:
            body: Body = self._once((call.api, call.method, name), lambda: self._apis.ask(call, name, **more))
        except AskError as error:
            if error.status == 404:
                return None
            raise
        return body

    def pages(self, call: Call, name: str, **more: Any) -> list[Body]:
        """All pages of a list."""
        found: list[Body] = self._once(
            (call.api, call.method, name), lambda: list(self._apis.pages(call, name, **more))
        )
        return found

    def download(self, bucket: str, name: str) -> bytes:
        """What is in an object."""
        return self._apis.download(calls.OBJECT, bucket, name)

    def given(self) -> Given | None:
        """What Terraform's variables said; None if it was not written down. Raises AskError, and ValueError if it
        cannot be read."""
        bucket = self.deployment.source_bucket
        try:
            found: Given = self._once((bucket, GIVEN), lambda: read_given(self.download(bucket, GIVEN)))
        except AskError as error:
            if error.status == 404:
                return None
            raise
        return found

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The full names of the secrets that functions are given, as far as can be seen."""
        told = [
            secret
            for function in self._seen()
            for secret in function.get("serviceConfig", {}).get("secretEnvironmentVariables", ())
        ]
        names = {f"projects/{secret.get('projectId')}/secrets/{secret.get('secret')}" for secret in told}
        return tuple(sorted(names))

    def placed(self, kind: str, name: str) -> str:
        """The full name of a resource in the deployment's region."""
        return f"projects/{self.deployment.project}/locations/{self.deployment.region}/{kind}/{name}"

    def of_project(self, kind: str, name: str) -> str:
        """The full name of a resource without a region."""
        return f"projects/{self.deployment.project}/{kind}/{name}"

    def number(self) -> str:
        """The project's number."""
        found = self.get(calls.PROJECT, self.deployment.project) or {}
        return str(found.get("projectNumber", ""))

    def function(self, target: str) -> Body | None:
        return self.get(calls.FUNCTION, self.placed("functions", self.deployment.function(target)))

    def service(self, target: str) -> Body | None:
        """The Cloud Run service of a function."""
        return self.get(calls.SERVICE, self.placed("services", self.deployment.function(target)))

    def urls(self, target: str) -> set[str]:
        """Every address of a function, without a slash at its end; none if it is not deployed."""
        service = self.service(target)
        if service is None:
            return set()
        known = [*service.get("urls", ()), service.get("uri", "")]
        return {url.rstrip("/") for url in known if url}

    @cached_property
    def told(self) -> Mapping[str, str]:
        """The variables of the deployed functions, as far as they can be seen; where they differ, what most say."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for function in self._seen():
            for name, value in variables(function).items():
                found[name][value] += 1
        return {name: values.most_common(1)[0][0] for name, values in found.items()}

    def queue(self, lane: str) -> str:
        """The id of a lane's queue."""
        return self.told.get(f"ORCHESTRATOR_{lane.upper()}_QUEUE") or self.deployment.queue(lane)

    @property
    def database(self) -> str:
        return self.told.get("ORCHESTRATOR_DATABASE") or self.deployment.database

    @property
    def own_key(self) -> bool:
        """Whether the functions have a key of their own, as far as can be seen."""
        return any(function.get("kmsKeyName") for function in self._seen())

    @property
    def repository(self) -> str:
        """The full name of the repository that the functions' images are in."""
        for function in self._seen():
            if named := function.get("buildConfig", {}).get("dockerRepository"):
                return str(named)
        return self.placed("repositories", self.deployment.base)

    def _seen(self) -> Iterator[Body]:
        """The functions that are there and may be looked at: what of the others, their own checks say."""
        for target in FUNCTIONS:
            with suppress(AskError):
                if function := self.function(target):
                    yield function

    def _once(self, key: tuple[str, ...], ask: Any) -> Any:
        with self._lock:
            known = self._asked.get(key)
            future = known or self._asked.setdefault(key, Future())
        if known is None:
            try:
                future.set_result(ask())
            except BaseException as error:  # noqa: BLE001 - it is raised by result(), here and wherever it is awaited
                future.set_exception(error)
        return future.result()


def variables(function: Mapping[str, Any]) -> dict[str, str]:
    """What a function was told; a variable without a value, or set to ``none``, says nothing (functions/README.md)."""
    said = function.get("serviceConfig", {}).get("environmentVariables", {})
    return {name: value for name, value in said.items() if value not in ("", "none")}
