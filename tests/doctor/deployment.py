"""A whole deployment on the fake of Google's APIs, to break in one place; and what doctor says of it."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httplib2
from google_auth_httplib2 import AuthorizedHttp

from orchestrator.client.google_apis import Apis
from orchestrator.deployment import Deployment
from orchestrator.deployment.doctor.checks import examine
from orchestrator.deployment.doctor.findings import Level, Result
from orchestrator.deployment.doctor.world import Here, World
from orchestrator.deployment.given import Given
from orchestrator.deployment.lockfile.file import read_lock
from tests.doubles.google.deployed import deployed
from tests.doubles.google.server import Bodies, FakeGoogle

D = Deployment("demo-1", "europe-west4")
P = "projects/demo-1"
L = f"{P}/locations/europe-west4"
ARCHIVE = "functions-0123456789abcdef0123.zip"
APPLY = "terraform -chdir=terraform apply …"
TEMPLATE = "projects/_/buckets/demo-templates/objects/sales/orders.json"

GIVEN = Given(template_buckets=("demo-templates",))

#: What a deployment can be given, one of each.
EVERYTHING: dict[str, Any] = {
    "eventarc": True,
    "given": Given(
        ("group:data@example.com",),
        ("group:oncall@example.com",),
        ("domain:example.com",),
        ("demo-templates",),
        {"demo-raw": "read", "demo-warehouse": "write"},
        ("projects/images-1/locations/europe/repositories/templates",),
        ("projects/hub-1/topics/runs",),
    ),
    "secrets": ("projects/vault-1/secrets/token",),
}

GRAPH = "name: sales\n"
LOCK: dict[str, Any] = {
    "format": 1,
    "graphs": {
        "sales": {
            "file": "sales.yaml",
            "version": "v1",
            "problems": [],
            "regions": ["europe-west1"],
            "templates": ["gs://demo-templates/sales/orders.json"],
            "jobs_at_once": 4,
            "schedule": {"cron": "0 6 * * *", "time_zone": "Europe/Berlin", "params": {}, "paused": False},
        },
        "nightly": {
            "file": "sales.yaml",
            "version": "v1",
            "problems": [],
            "regions": [],
            "templates": [],
            "jobs_at_once": 2,
            "schedule": {"cron": "0 1 * * *", "time_zone": "Etc/UTC", "params": {}, "paused": True},
        },
    },
    "local": {},
    "files": {"sales.yaml": hashlib.sha256(GRAPH.encode()).hexdigest()},
}


@dataclass
class Patient:
    """A deployment that doctor can examine. ``bodies`` may be changed before that, and ``here`` too."""

    fake: FakeGoogle
    apis: Apis
    here: Here

    @property
    def bodies(self) -> Bodies:
        return self.fake.bodies

    def __getitem__(self, name: str) -> dict[str, Any]:
        """The body of a resource."""
        return self.bodies.resources[name]

    def function(self, target: str) -> dict[str, Any]:
        return self[f"{L}/functions/{D.function(target)}"]

    def variables(self, target: str) -> dict[str, str]:
        found: dict[str, str] = self.function(target)["serviceConfig"]["environmentVariables"]
        return found

    def remove(self, *names: str) -> None:
        for name in names:
            del self.bodies.resources[name]

    def lock(self, lock: Any) -> None:
        """What graphs.lock says; None: there is none."""
        assert self.here.lock is not None
        path = self.here.lock.folder / "graphs.lock"
        path.write_text(json.dumps(lock))
        self.here = replace(self.here, lock=read_lock(path.parent))

    def examine(self) -> list[Result]:
        return list(examine(World(self.apis, D, self.here)))

    def complaints(self) -> list[tuple[str, str, str, str]]:
        """What is not as it should be: check, level, text, fix."""
        return [
            (result.check, finding.level.value, finding.text, finding.fix)
            for result in self.examine()
            for finding in result.findings
            if finding.level is not Level.OK
        ]


def lock_in(folder: Path) -> Path:
    """A folder with the graph and its lock."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sales.yaml").write_text(GRAPH)
    (folder / "graphs.lock").write_text(json.dumps(LOCK))
    return folder


def here(folder: Path) -> Here:
    """A machine on which nothing is missing, with the graph in ``folder``."""
    return Here(read_lock(lock_in(folder)), "", ARCHIVE, "")


def bodies(**more: Any) -> Bodies:
    """What Google's APIs say of a whole deployment."""
    return deployed(D, LOCK, ARCHIVE, **{"given": GIVEN, **more})


class Nearby(Apis):
    """The client of a fake, without a network between them: tests examine a hundred deployments. Everything else is as
    it is in use: the requests are those of Google's client, and test_doctor.py has an examination over HTTP, too.
    """

    def __init__(self, fake: FakeGoogle) -> None:
        super().__init__("demo-1", fake.url)
        self._fake = fake

    @contextmanager
    def _transport(self, narrow: bool) -> Iterator[Any]:
        yield AuthorizedHttp(self._credentials[narrow], http=self)

    def request(
        self, uri: str, method: str = "GET", body: str | None = None, **more: Any
    ) -> tuple[httplib2.Response, bytes]:
        """What an Http does for Google's client."""
        answer = self._fake.answer(method, uri.removeprefix(self._fake.url), (body or "").encode())
        assert answer is not None
        status, said = answer
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        return httplib2.Response({"status": str(status), "content-type": "application/json; charset=UTF-8"}), content


@contextmanager
def serving() -> Iterator[tuple[FakeGoogle, Apis]]:
    """A fake that serves, and its client over HTTP."""
    with FakeGoogle(bodies()) as fake:
        apis = Apis("demo-1", fake.url)
        yield fake, apis
        apis.close()
