"""Signs what goes to a URL, as Standard Webhooks says, for which there are libraries in most languages.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import os
from collections.abc import Mapping

from orchestrator.errors import NotNotifiedError

_PREFIX = "whsec_"


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the header ``webhook-signature``."""
    signed = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(signed).decode()}"


def key_of(name: str, environment: Mapping[str, str] = os.environ) -> bytes:
    """The key that the secret called ``name`` is. In the cloud, Terraform gives secrets as environment variables, too.

    Raises NotNotifiedError, which does not quote it.
    """
    text = environment.get(name, "").strip()
    if not text:
        raise NotNotifiedError(f"the secret {name} is empty or missing: the environment variable of that name holds it")
    if not text.startswith(_PREFIX):
        return text.encode(errors="surrogateescape")
    try:
        return base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise NotNotifiedError(f"the secret {name} begins with {_PREFIX}, but no base64 follows") from None
