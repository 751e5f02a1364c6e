"""The deployed function ``start``, called with the user's identity."""

from collections.abc import Callable
from typing import TypeVar

from orchestrator.client.identity import email_of, id_token, member_of
from orchestrator.client.post import is_local
from orchestrator.client.start import NotAllowedError, Waiting
from orchestrator.cloud.settings import read_reach_settings
from orchestrator.deployment.names import Deployment
from orchestrator.errors import NotFoundError, OrchestratorError

T = TypeVar("T")

#: Calls the function: its URL, the user's token, and how to wait between attempts.
Call = Callable[[str, str | None, Waiting], T]


def reached(
    deployment: Deployment, url: str | None, call: Call[T], tell: Callable[[str, float], None]
) -> tuple[T, str]:
    """What ``call`` returns, and the URL of the store that contains the deployment's runs.

    ``url``: of the function, if it is known. ``tell`` gets the reason for each wait and its seconds.
    Raises OrchestratorError with the missing role if the user may not call.
    """
    settings = read_reach_settings()
    address, database = (url, deployment.database) if url else found(deployment, settings.apis_url)
    token = id_token(address, settings.id_token) if settings.id_token or not is_local(address) else None
    try:
        return call(address, token, Waiting(tell)), f"firestore://{deployment.project}/{database}"
    except NotAllowedError as error:
        raise OrchestratorError(not_allowed(deployment, error, token)) from error


def found(deployment: Deployment, apis_url: str | None) -> tuple[str, str]:
    """The URL of the deployed ``start``, and the database that contains its runs. Raises OrchestratorError."""
    from orchestrator.client.google_apis import Apis, AskError
    from orchestrator.deployment.doctor.calls import FUNCTION
    from orchestrator.deployment.doctor.world import variables

    name = deployment.function("start")
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


def not_allowed(deployment: Deployment, error: NotAllowedError, token: str | None) -> str:
    """Who was refused, and which role to grant."""
    from orchestrator.deployment.doctor.fixes import Fixes

    email = email_of(token or "")
    who = f"you are {email}" if email else "your token does not say who you are"
    function = deployment.function("start")
    needed = f"roles/run.invoker on {function} is needed"
    if error.status == 401:
        why = "the token was rejected: it may have expired, or be for another URL"
        return f"{error}: {who}, and {why}; {needed} too"
    line = Fixes(deployment).grant("function", function, member_of(email), "roles/run.invoker")
    return f"{error}: {who}; {needed}: Terraform's variable 'starters', or\n{line}"
