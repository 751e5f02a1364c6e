"""Who is notified of what: a project's receivers, and what of them concerns the runs of a graph. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import ip_address
from urllib.parse import urlsplit

from orchestrator.core.occasions import USUAL

#: In a graph's own ``notify``: the occasions that the receiver itself names.
DEFAULT = "default"

#: The name of a secret: that of an environment variable, and in the cloud also of a secret of Secret Manager.
SECRET = "[A-Za-z_][A-Za-z0-9_]{0,99}"

_TOPIC = re.compile(r"projects/[a-z0-9:.-]+/topics/[A-Za-z][A-Za-z0-9._~%+-]{2,254}")


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody who is notified, in one of three ways: ``url``, ``topic`` (its full name) or ``command``.

    ``secret``: the name of the secret that signs what goes to the URL. ``on``: the occasions. ``graphs``: patterns of
    the graphs' names; none: all graphs.
    """

    name: str
    url: str | None = None
    topic: str | None = None
    command: str | Sequence[str] | None = None
    secret: str | None = None
    on: tuple[str, ...] = tuple(map(str, USUAL))
    graphs: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where it is, without what may be secret in an address."""
        if self.url is not None:
            return urlsplit(self.url).hostname or "?"
        return self.topic.rpartition("/")[2] if self.topic is not None else "a command"


def asked(receivers: Mapping[str, Receiver], graph: str, own: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """By receiver, the occasions on which runs of ``graph`` notify it. ``own``: what the graph itself says."""
    found = {}
    for name, receiver in receivers.items():
        wanted = own.get(name, [DEFAULT] if _matches(receiver, graph) else [])
        occasions = receiver.on if list(wanted) == [DEFAULT] else wanted
        if occasions:
            found[name] = list(occasions)
    return found


def _matches(receiver: Receiver, graph: str) -> bool:
    return not receiver.graphs or any(fnmatchcase(graph, pattern) for pattern in receiver.graphs)


def wrong_url(url: str) -> str | None:
    """What is wrong with the address of a receiver, without quoting it, as parts of it may be secret; None if nothing.

    It is https, or http on this machine. No part of it is an expression, and no run can change it.
    """
    expected = "expected an address such as https://hooks.example.com/orchestrator"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"{expected}: {error}"
    if not url.isascii() or any(character <= " " or character == "\x7f" for character in url):
        return f"{expected}, without spaces, controls or letters beyond ASCII"
    if not host or parts.scheme not in ("https", "http"):
        return expected
    if "@" in parts.netloc:
        return f"{expected}, without a user's name or password: name a secret instead"
    if parts.scheme == "http" and not loopback(host):
        return f"{expected}: http, which everybody on the way can read and change, only goes to this machine"
    return None


def wrong_topic(topic: str) -> str | None:
    """What is wrong with the name of a topic; None if nothing."""
    if _TOPIC.fullmatch(topic):
        return None
    return f"expected the full name of a topic, such as projects/my-project/topics/orchestrator, got {topic!r:.100}"


def loopback(host: str) -> bool:
    """Whether ``host``, a name or an address, is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
