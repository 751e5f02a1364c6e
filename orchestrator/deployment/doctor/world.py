"""A live deployment: reads each resource once, however many checks need it."""

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
from orchestrator.system.os_errors import told


@dataclass(frozen=True, slots=True)
class Here:
    """What is on this machine. ``archive``: the name of the functions' source as it would be deployed from here.

    Where ``lock`` or ``archive`` is None, ``no_lock`` or ``no_archive`` says why.
    """

    lock: Lock | None
    no_lock: str
    archive: str | None
    no_archive: str


def read_here(folder: Path, graphs: Path) -> Here:
    """Read the lock of the ``graphs`` folder, and the repository that contains ``folder``."""
    lock, archive, no_lock, no_archive = None, None, "", ""
    try:
        lock = read_lock(graphs)
    except UsageError as error:
        no_lock = str(error)
    root = next((root for root in (folder, *folder.parents) if (root / "functions/left-out.json").is_file()), None)
    if root is None:
        no_archive = "the command was not run inside the orchestrator's repository"
    else:
        try:
            archive = archive_name(root, graphs)
        except (NotFoundError, UsageError, OSError) as error:
            no_archive = told(error) if isinstance(error, OSError) else str(error)
    return Here(lock, no_lock, archive, no_archive)


class World:
    """Thread-safe. A call that failed with AskError raises it again each time."""

    def __init__(self, apis: Apis, deployment: Deployment, here: Here) -> None:
        self.deployment, self.here, self.fixes = deployment, here, Fixes(deployment)
        self._apis = apis
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, ...], Future[Any]] = {}

    def get(self, call: Call, name: str, **more: Any) -> Body | None:
        """The resource ``name``; None if there is no such resource."""
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
        """The content of an object."""
        return self._apis.download(calls.OBJECT, bucket, name)

    def given(self) -> Given | None:
        """What Terraform's variables named; None if Terraform has not recorded it. Raises AskError, and ValueError if
        the record cannot be parsed."""
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
        """The full names of the secrets that the functions get, as far as they can be read."""
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
        """The variables of the deployed functions, as far as they can be read; if they differ, the commonest value."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for function in self._seen():
            for name, value in variables(function).items():
                found[name][value] += 1
        return {name: values.most_common(1)[0][0] for name, values in found.items()}

    def queue(self, name: str) -> str:
        """The id of a queue in Cloud Tasks."""
        return self.told.get(f"ORCHESTRATOR_{name.upper()}_QUEUE") or self.deployment.queue(name)

    @property
    def database(self) -> str:
        return self.told.get("ORCHESTRATOR_DATABASE") or self.deployment.database

    @property
    def own_key(self) -> bool:
        """Whether the functions use a customer-managed key, as far as they can be read."""
        return any(function.get("kmsKeyName") for function in self._seen())

    @property
    def repository(self) -> str:
        """The full name of the repository for the functions' images."""
        for function in self._seen():
            if named := function.get("buildConfig", {}).get("dockerRepository"):
                return str(named)
        return self.placed("repositories", self.deployment.base)

    def _seen(self) -> Iterator[Body]:
        """The functions that exist and can be read; the checks of the others report why not."""
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
            except BaseException as error:  # noqa: BLE001 - result() raises it, here and in other threads
                future.set_exception(error)
        return future.result()


def variables(function: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a function, without those that are empty or ``none``, which count as not set."""
    said = function.get("serviceConfig", {}).get("environmentVariables", {})
    return {name: value for name, value in said.items() if value not in ("", "none")}
