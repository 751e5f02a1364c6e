"""Hands notifications to a project's receivers, each in its own way."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from orchestrator.errors import NotNotifiedError
from orchestrator.ports import Notification
from orchestrator.receivers import command, url
from orchestrator.receivers.cloud_event import CONTENT_TYPE, encoded
from orchestrator.receivers.receiver import Receiver, asked
from orchestrator.receivers.signing import key_of, signature

#: Publishes an event: the topic's full name, the event, and its attributes. Raises NotNotifiedError.
Publish = Callable[[str, bytes, Mapping[str, str]], str]


class Notifier:
    """The receivers of a deployment, or of a project on this machine. Threads may share it.

    ``source``: what the events say where they come from. ``publish``: given in the cloud, where there are topics, and
    no commands. ``folder``: where commands are run. ``receivers``: those that are reached from here; ``all`` of them.
    """

    def __init__(
        self,
        receivers: Mapping[str, Receiver],
        source: str,
        publish: Publish | None = None,
        folder: Path | None = None,
    ) -> None:
        self._source, self._publish, self.folder = source, publish, folder
        self.all = receivers
        self.receivers = {name: one for name, one in receivers.items() if self.reaches(one)}

    def reaches(self, receiver: Receiver) -> bool:
        """Whether it can be notified from here: topics from the cloud alone, commands from this machine alone."""
        return receiver.url is not None or (receiver.command if self._publish is None else receiver.topic) is not None

    def asked(self, graph: str, own: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        return asked(self.receivers, graph, own)

    def notify(self, to: str, notification: Notification) -> None:
        self.told(to, notification)

    def told(self, to: str, notification: Notification) -> str:
        """The same, and what it answered. Raises NotNotifiedError."""
        if (receiver := self.receivers.get(to)) is None:
            raise NotNotifiedError(f"no receiver is called '{to}' any more", final=True)
        event = encoded(notification, self._source)
        try:
            if receiver.url is not None:
                return self._post(receiver, receiver.url, notification, event)
            if receiver.topic is not None and self._publish is not None:
                attributes = {"content-type": CONTENT_TYPE, "occasion": notification.occasion}
                return self._publish(receiver.topic, event, attributes | {"graph": notification.graph})
            assert receiver.command is not None
            return command.call(receiver.command, event, notification, self.folder)
        except NotNotifiedError as error:
            raise NotNotifiedError(f"receiver '{to}': {error}") from error

    def _post(self, receiver: Receiver, address: str, notification: Notification, event: bytes) -> str:
        now = int(time.time())
        headers = {
            "Content-Type": CONTENT_TYPE,
            "User-Agent": "orchestrator",
            "webhook-id": notification.id,
            "webhook-timestamp": str(now),
        }
        if receiver.secret is not None:
            headers["webhook-signature"] = signature(key_of(receiver.secret), notification.id, now, event)
        return url.post(address, event, headers, in_cloud=self._publish is not None)
