"""What is asked of the deployed ``console`` is done once, and a refusal says who may, and how."""

import pytest

from orchestrator.client.console import asked
from orchestrator.deployment import Deployment
from orchestrator.deployment.starting import Reach
from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.home.store_url import StoreUrl
from orchestrator.operations.deployed_console import DeployedConsole
from orchestrator.operations.requests import CancelAsked, Done, HoldAsked, RetryAsked
from tests.doubles.memory_store import MemoryStore
from tests.remote.server import Answer, Scripted, scripted


def far(server: Scripted) -> DeployedConsole:
    reach = Reach(Deployment("demo-1", "europe-west4"), server.url, lambda _why, _seconds: None)
    reader = MemoryStore()
    return DeployedConsole(
        StoreUrl("", project="demo-1"),
        reader,
        lambda path, body: reach.call("console", lambda url, token, waiting: asked(url, path, body, token, waiting)),
        lambda path, query: {},
    )


def test_a_request_whose_answer_is_lost_is_sent_again_and_told_as_it_was_done():
    done = Answer(200, {"run": "r1", "said": ["run r1: a is retried: attempt 2"], "changed": False})
    with scripted([None, Answer(503, "", {"Retry-After": "0"}), done]) as server:
        said = far(server).act("r1", RetryAsked("a", "fixed", 1))
        assert said == Done(("run r1: a is retried: attempt 2",), (), False)
        assert server.bodies == [{"why": "fixed", "attempt": 1}] * 3


def test_what_was_refused_is_told_beside_what_was_done():
    with scripted([Answer(409, {"errors": ["run r1: b has ended"], "said": ["run r1: a held"]})]) as server:
        said = far(server).act("r1", HoldAsked("late", ("a", "b"), 1.0))
        assert said == Done(("run r1: a held",), ("run r1: b has ended",), True)
        assert server.bodies == [{"why": "late", "steps": ["a", "b"], "until": "1970-01-01T00:00:01+00:00"}]


def test_a_request_that_can_never_be_met_is_wrong_use():
    with (
        scripted([Answer(409, {"errors": ["run 'r1' has ended (failed)"]})]) as server,
        pytest.raises(UsageError) as no,
    ):
        far(server).act("r1", CancelAsked())
    assert str(no.value) == "run 'r1' has ended (failed)"


NEEDED = "roles/run.invoker on orchestrator-prod-console is needed: Terraform's variable 'operators'"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(403, "<html>Forbidden"), NEEDED),
        (Answer(401, "<html>"), "the token was rejected: it may have expired"),
        (Answer(401, {"errors": ["expected a token"]}), "expected a token"),
        (Answer(404, "<html>"), "there is no 'console' there, or it cannot be called from here"),
        (Answer(302, "", {"Location": "https://evil.example"}), "expected the answer of a deployed 'console'"),
        (Answer(200, "hello"), "expected the answer of a deployed 'console'"),
        (Answer(200, {"said": 5}), "expected the answer of a deployed 'console'"),
    ],
)  # fmt: skip
def test_a_refusal_says_who_may(answer: Answer, said: str):
    with scripted([answer]) as server, pytest.raises(OrchestratorError) as refused:
        far(server).act("r1", CancelAsked())
    assert said in str(refused.value)
