"""The keys that say who is notified of what: a project's receivers, and a graph's own word about them."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from orchestrator.core.occasions import OCCASIONS, RECEIVER, USUAL
from orchestrator.definition import fields as f
from orchestrator.definition.keys import Keys, refusal
from orchestrator.receivers.receiver import DEFAULT, SECRET, Receiver, wrong_topic, wrong_url
from orchestrator.text import did_you_mean, listed, shown

#: The pattern of a receiver's name, and of the name of a secret, as the errors' phrases know them.
RECEIVER_NAME, SECRET_NAME = f"^{RECEIVER}$", f"^{SECRET}$"

#: Parts of a pattern of graphs' names.
_PATTERN = r"^[a-z0-9*?\[\]!-]{1,63}$"


def _occasions(value: object) -> list[str]:
    """A list of occasions, or one."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list):
        raise refusal(f"expected a list of {listed(OCCASIONS)}, got {shown(value)}")
    for number, item in enumerate(found):
        if item not in OCCASIONS:
            hint = did_you_mean(item, list(OCCASIONS)) or f": it is one of {listed(OCCASIONS)}"
            raise refusal(f"no occasion is called {shown(item)}{hint}", (number,) if found is value else ())
    return list(dict.fromkeys(found))


def _url(value: str) -> str:
    if (wrong := wrong_url(value)) is not None:
        raise refusal(wrong)
    return value


def _topic(value: str) -> str:
    if (wrong := wrong_topic(value)) is not None:
        raise refusal(wrong)
    return value


_OCCASIONS_SCHEMA = {"type": "array", "items": {"enum": list(OCCASIONS)}, "uniqueItems": True}

Occasions = Annotated[list[str], PlainValidator(_occasions), WithJsonSchema(_OCCASIONS_SCHEMA)]
ReceiverName = Annotated[str, StringConstraints(pattern=RECEIVER_NAME)]


class ReceiverKeys(Keys):
    """One receiver. One of the keys url, topic and command says how it is notified."""

    url: Annotated[str, AfterValidator(_url)] | None = Field(
        None, description="An address to post a CloudEvents event to", examples=["https://hooks.example.com/orders"]
    )
    topic: Annotated[str, AfterValidator(_topic)] | None = Field(
        None,
        description="The full name of a Pub/Sub topic; only in the cloud",
        examples=["projects/my-project/topics/runs"],
    )
    command: f.Command | None = Field(
        None, description="A command that gets the event on its standard input; only on one machine"
    )
    secret: Annotated[str, StringConstraints(pattern=SECRET_NAME)] | None = Field(
        None,
        description="The name of the secret that signs what goes to the URL: an environment variable, and in the "
        "cloud a secret of Secret Manager",
        examples=["HOOK_SECRET"],
    )
    on: Occasions | None = Field(None, description=f"The occasions; default: {listed(map(str, USUAL))}")
    graphs: list[Annotated[str, StringConstraints(pattern=_PATTERN)]] | None = Field(
        None, description="The names of the graphs, or patterns of them; default: all", examples=[["daily-*"]]
    )

    @model_validator(mode="after")
    def _one_way(self) -> "ReceiverKeys":
        ways = [key for key in ("url", "topic", "command") if getattr(self, key) is not None]
        if len(ways) != 1:
            got = f"got {' and '.join(ways)}" if ways else "got none of them"
            raise refusal(f"expected one of the keys url, topic and command, {got}")
        if self.secret is not None and self.url is None:
            raise refusal(f"a secret signs what goes to a URL, and this is a {ways[0]}: leave it out", ("secret",))
        return self

    def receiver(self, name: str) -> Receiver:
        """The receiver of that name that these keys describe."""
        on, graphs = USUAL if self.on is None else self.on, self.graphs or ()
        ways = self.url, self.topic, self.command, self.secret
        return Receiver(name, *ways, tuple(map(str, on)), tuple(graphs))


def _own(value: object) -> object:
    """The full form of a graph's ``notify``: a list of receivers says that each is notified as it says itself."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return dict.fromkeys(value, DEFAULT)
    return value


def _own_occasions(value: object) -> list[str]:
    return [DEFAULT] if value == DEFAULT else _occasions(value)


#: What a graph says about the project's receivers.
GraphNotify = Annotated[
    dict[ReceiverName, Annotated[list[str], PlainValidator(_own_occasions), WithJsonSchema(_OCCASIONS_SCHEMA)]],
    BeforeValidator(_own),
]
