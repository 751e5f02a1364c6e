"""The deployed functions that people call, called with the user's identity."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from orchestrator.client.asking import NotAllowedError, Waiting
from orchestrator.client.identity import email_of, id_token, member_of
from orchestrator.client.post import is_local
from orchestrator.cloud.settings import read_reach_settings
from orchestrator.deployment.names import Deployment
from orchestrator.errors import NotFoundError, OrchestratorError

T = TypeVar("T")

#: Calls the function: its URL, the user's token, and how to wait between attempts.
Call = Callable[[str, str | None, Waiting], T]

#: A function that people call -> the variable of Terraform that says who may.
VARIABLES = {"start": "starters", "console": "operators", "console_view": "viewers"}


def reached(
    deployment: Deployment, url: str | None, call: Call[T], tell: Callable[[str, float], None]
) -> tuple[T, str]:
    """What ``call`` returns of the function ``start``, and the URL of the store that contains the deployment's runs.

    ``url``: of the function, if it is known. ``tell`` gets the reason for each wait and its seconds.
    Raises OrchestratorError with the missing role if the user may not call.
    """
    reach = Reach(deployment, url, tell)
    made = reach.call("start", call)
    return made, f"firestore://{deployment.project}/{reach.database}"


@dataclass
class Reach:
    """The functions of a deployment. Each is looked up when it is first called. ``url``: of all of them, if known."""

    deployment: Deployment
    url: str | None
    tell: Callable[[str, float], None]
    _known: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    database: str = ""

    def __post_init__(self) -> None:
        self.database = self.deployment.database

    def call(self, target: str, call: Call[T]) -> T:
        """What ``call`` returns. Raises OrchestratorError with the missing role if the user may not call."""
        if target not in self._known:
            self._known[target] = self._look_up(target)
        address, token = self._known[target]
        try:
            return call(address, token, Waiting(self.tell))
        except NotAllowedError as error:
            raise OrchestratorError(not_allowed(self.deployment, target, error, token)) from error

    def _look_up(self, target: str) -> tuple[str, str | None]:
        """The URL of a function, and the user's token for it."""
        settings = read_reach_settings()
        address = self.url
        if address is None:
            address, self.database = found(self.deployment, target, settings.apis_url)
        return address, id_token(address, settings.id_token) if settings.id_token or not is_local(address) else None


def found(deployment: Deployment, target: str, apis_url: str | None) -> tuple[str, str]:
    """The URL of a deployed function, and the database that contains its runs. Raises OrchestratorError."""
    from orchestrator.client.google_apis import Apis, AskError
    from orchestrator.deployment.doctor.calls import FUNCTION
    from orchestrator.deployment.doctor.world import variables

    name = deployment.function(target)
    apis = Apis(deployment.project, apis_url)
    try:
        function = apis.ask(FUNCTION, f"projects/{deployment.project}/locations/{deployment.region}/functions/{name}")
    except AskError as error:
        if error.status == 404:
            where = f"{deployment.project}, {deployment.region}"
            raise NotFoundError(f"function {name} was not found in {where}: run 'orchestrator doctor'") from error
        raise OrchestratorError(f"{error}: if you know the URL of {name}, give it with --url") from error
    finally:
        apis.close()
    address = function.get("serviceConfig", {}).get("uri", "")
    if not address:
        raise OrchestratorError(
            f"function {name} cannot be called, its state is {function.get('state')}: run 'orchestrator doctor'"
        )
    return address, variables(function).get("ORCHESTRATOR_DATABASE", "(default)")


def not_allowed(deployment: Deployment, target: str, error: NotAllowedError, token: str | None) -> str:
    """Who was refused, and which role to grant."""
    from orchestrator.deployment.doctor.fixes import Fixes

    email = email_of(token or "")
    who = f"you are {email}" if email else "your token does not say who you are"
    function = deployment.function(target)
    needed = f"roles/run.invoker on {function} is needed"
    if error.status == 401:
        why = "the token was rejected: it may have expired, or be for another URL"
        return f"{error}: {who}, and {why}; {needed} too"
    line = Fixes(deployment).grant("function", function, member_of(email), "roles/run.invoker")
    return f"{error}: {who}; {needed}: Terraform's variable '{VARIABLES[target]}', or\n{line}"
