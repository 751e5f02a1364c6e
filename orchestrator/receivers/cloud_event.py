"""Encodes a notification as a CloudEvents 1.0 event in structured mode. Pure.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

import json

from orchestrator.ports import Notification
from orchestrator.text import iso

CONTENT_TYPE = "application/cloudevents+json"

#: What the types of events begin with.
TYPE = "orchestrator."


def encoded(notification: Notification, source: str) -> bytes:
    """The event as JSON in UTF-8. ``source``: a URI reference to the deployment or machine that sends it."""
    step = notification.data.get("step")
    event = {
        "specversion": "1.0",
        "id": notification.id,
        "source": source,
        "type": f"{TYPE}{notification.occasion}",
        "subject": f"{notification.run}/{step}" if step else notification.run,
        "time": iso(notification.at),
        "datacontenttype": "application/json",
        "data": dict(notification.data),
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
