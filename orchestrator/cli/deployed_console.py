"""The consoles of a deployment, called with the user's identity, for the commands that show runs and operate them."""

import shlex
from collections.abc import Mapping
from typing import Any

from orchestrator.cli.deployed_start import complain_of
from orchestrator.client.asking import Waiting
from orchestrator.client.console import ConsoleReader, asked, shown
from orchestrator.deployment import Deployment
from orchestrator.deployment.starting import Reach
from orchestrator.home.store_url import StoreUrl
from orchestrator.operations.deployed_console import DeployedConsole


def deployed_console(deployment: Deployment, url: str | None) -> DeployedConsole:
    """The deployment's runs. ``url``: of its console, if that is known; it is looked up otherwise."""
    reach = Reach(deployment, url, complain_of)

    def get(path: str, query: Mapping[str, Any]) -> Mapping[str, Any]:
        def call(address: str, token: str | None, waiting: Waiting) -> Mapping[str, Any]:
            return shown(address, path, query, token, waiting)

        return reach.call("console_view", call)

    def send(path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        def call(address: str, token: str | None, waiting: Waiting) -> Mapping[str, Any]:
            return asked(address, path, body, token, waiting)

        return reach.call("console", call)

    named = StoreUrl("", project=deployment.project, flag=_flag(deployment, url))
    return DeployedConsole(named, ConsoleReader(get), send, get)


def _flag(deployment: Deployment, url: str | None) -> str:
    """What to add to a command so that it finds the deployment."""
    return deployment.flag + (f" --url {shlex.quote(url)}" if url is not None else "")
