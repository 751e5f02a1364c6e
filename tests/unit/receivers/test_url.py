"""What goes to a URL: one signed event, within a time limit, and nowhere else."""

import base64
import hmac
import json
import socket
import time

import pytest

from orchestrator.errors import NotNotifiedError
from orchestrator.ports import Notification
from orchestrator.receivers.notifier import Notifier
from orchestrator.receivers.receiver import Receiver, wrong_url
from orchestrator.receivers.url import post
from tests.doubles.webhook import CLOSE, DRIP, HALF, HANG, webhook

TOLD = Notification("key-run-failed", "run_failed", "sales", "r1", 0.0, "it failed", {"run": "r1", "text": "it failed"})


def ops(url: str, secret: str | None = None) -> Notifier:
    return Notifier({"ops": Receiver("ops", url=url, secret=secret)}, "/orchestrator/test")


def test_an_event_is_a_cloud_event_in_structured_mode():
    with webhook() as hook:
        assert ops(f"{hook.url}/a?b=c").told("ops", TOLD) == "answered 204"
    assert hook.paths == ["/a?b=c"]
    assert hook.events == [
        {
            "specversion": "1.0",
            "id": "key-run-failed",
            "source": "/orchestrator/test",
            "type": "orchestrator.run_failed",
            "subject": "r1",
            "time": "1970-01-01T00:00:00.000Z",
            "datacontenttype": "application/json",
            "data": {"run": "r1", "text": "it failed"},
        }
    ]
    (headers,) = hook.headers
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["webhook-id"] == "key-run-failed"
    assert "webhook-signature" not in headers


@pytest.mark.parametrize(("secret", "key"), [("s3cret\n", b"s3cret"), ("whsec_c2VjcmV0", b"secret")])
def test_it_is_signed_with_a_secret_that_is_named(monkeypatch: pytest.MonkeyPatch, secret: str, key: bytes):
    monkeypatch.setenv("HOOK_SECRET", secret)
    with webhook() as hook:
        ops(hook.url, "HOOK_SECRET").notify("ops", TOLD)
    (headers,), (body,) = hook.headers, hook.bodies
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert secret.strip() not in json.dumps(headers) + body.decode()


@pytest.mark.parametrize("secret", ["", "whsec_???"])
def test_without_its_secret_nothing_is_sent_and_the_error_does_not_quote_it(
    monkeypatch: pytest.MonkeyPatch, secret: str
):
    monkeypatch.setenv("HOOK_SECRET", secret)
    with webhook() as hook, pytest.raises(NotNotifiedError, match="receiver 'ops': the secret HOOK_SECRET") as refused:
        ops(hook.url, "HOOK_SECRET").notify("ops", TOLD)
    assert hook.bodies == []
    assert refused.value.retryable
    assert "???" not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (500, "127.0.0.1 answered 500"),
        (404, "127.0.0.1 answered 404"),
        (302, "127.0.0.1 answered 302, and redirects are not followed: give the new address"),
        (307, "127.0.0.1 answered 307, and redirects are not followed: give the new address"),
        (HANG, "127.0.0.1 did not answer within 0.3 s"),
        (DRIP, "127.0.0.1 did not answer within 0.3 s"),
        (HALF, "127.0.0.1 did not answer properly (BadStatusLine)"),
        (CLOSE, "127.0.0.1 closed the connection without an answer"),
    ],
)
def test_any_other_answer_is_told_without_the_address(answer: int | str, said: str):
    with webhook(answer) as hook:
        with pytest.raises(NotNotifiedError) as refused:
            post(f"{hook.url}/token", b"{}", {}, in_cloud=False, timeout=0.3 if answer in (HANG, DRIP) else 180.0)
        while not hook.bodies:  # who is not answered in time may be heard later
            time.sleep(0.01)
    assert str(refused.value) == said
    assert refused.value.retryable
    assert len(hook.bodies) == 1


def test_a_closed_port_and_an_unknown_name_are_told():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(NotNotifiedError, match=r"^127\.0\.0\.1 refused the connection$"):
            post(f"http://127.0.0.1:{free.getsockname()[1]}/token", b"", {}, in_cloud=False)
    with pytest.raises(NotNotifiedError, match=r"^no\.such\.invalid is not known: its name has no address$"):
        post("https://no.such.invalid/token", b"", {}, in_cloud=False)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://localhost:{port}/"])
def test_from_the_cloud_nothing_goes_to_the_instance_itself(url: str):
    with webhook() as hook:
        port = hook.url.rpartition(":")[2]
        with pytest.raises(NotNotifiedError, match="such an address is not called from here"):
            post(url.format(port=port), b"", {}, in_cloud=True)
    assert hook.bodies == []


def test_a_name_that_stands_for_the_metadata_server_is_not_called(monkeypatch: pytest.MonkeyPatch):
    """What was connected counts, not what the name looks like."""
    with webhook() as hook:
        monkeypatch.setattr(socket.socket, "getpeername", lambda _: ("169.254.169.254", 80))
        with pytest.raises(NotNotifiedError, match="an address of the machine's own network"):
            post(hook.url, b"", {}, in_cloud=False)
    assert hook.bodies == []


@pytest.mark.parametrize(
    "url",
    [
        "hooks.example.com",
        "ftp://hooks.example.com/",
        "http://hooks.example.com/",
        "http://169.254.169.254/computeMetadata/v1/",
        "https://ann:secret@hooks.example.com/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nX: y",
        "https://hooks.example.com:port/",
        "https://[::1/",
        "https:///x",
        "https://höoks.example.com/",
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_without_quoting_it(url: str):
    said = wrong_url(url)
    assert said is not None
    assert "secret" not in said.removesuffix("without a user's name or password: name a secret instead")


@pytest.mark.parametrize(
    "url", ["https://hooks.example.com", "https://[2001:db8::1]:8443/x?y", "http://localhost:8080/"]
)
def test_others_are_taken(url: str):
    assert wrong_url(url) is None


def test_a_receiver_that_is_gone_is_not_waited_for():
    with pytest.raises(NotNotifiedError, match="no receiver is called 'desk' any more") as refused:
        ops("https://hooks.example.com").notify("desk", TOLD)
    assert not refused.value.retryable
