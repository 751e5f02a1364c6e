"""A starter chooses what code runs, as whom, which graph, or the schedule's run: by params, tokens and headers."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

from orchestrator import load_graph
from orchestrator.definition.untrusted import GUARDED
from orchestrator.errors import InvalidGraphError
from tests.attack._deployed import Deployed, deployed

ANN, EVE, SCHEDULER = "ann@example.com", "eve@example.com", "scheduler@attacked.iam.gserviceaccount.com"
DUE = {"X-CloudScheduler-ScheduleTime": "2026-01-31T06:00:00Z"}

#: Ways to put what somebody else says into a text.
WAYS = (
    "{{ params.x }}",
    "gs://{{ params['x'] }}/t.json",
    "{{ (params.x | upper) if params.n > 1 else 'b' }}",
    "{{ params.l[0] }}",
    "{{ params.l | join }}",
    "{{ [params] | first | string }}",
    "{{ params | tojson }}",
    "{{ 'a' ~ params.x | default('b') }}",
    "gs://{{ run.id }}/t.json",
    "{{ run['id'] | lower }}",
)
HEAD = "name: g\nparams: {x: string, l: {type: list}, n: {type: int}}\n"
PLAIN = "steps: {a: {dataflow: {template: gs://b/t}}}\n"

#: Lines that hand a param to a shell, by ways that a reader does not see at once.
LINES = (
    "echo {{ params.x }} | sh 2>&1",
    "echo {{ params.x }} | (cd /tmp; $SHELL)",
    "2>/dev/null eval echo {{ params.x }}",
    "sh -c 2>/dev/null {{ params.x }}",
    "echo {{ params.x }} | mytool",
    "while read -r x; do $x; done <<< {{ params.x }}",
    "echo {{ params.x }} > >(cat | sh)",
    "echo {{ params.x }} > f; cp f g; . ./g",
    "fish -c 'echo {{ params.x }}'",
    "eval &>/dev/null {{ params.x }}",
    "{{ params.x }} {{ params.x }}",
)

GRAPHS = {
    "open": "name: open\nsteps: {a: {wait: 1s}}\n",
    "sales": "name: sales\nsteps: {a: {wait: 1s}}\n",
    "nightly": "name: nightly\nschedule: 0 6 * * *\nsteps: {a: {wait: 1s}}\n",
}


def attack(folder: Path) -> str:
    accepted = [text for text in _exposing() if _loads(folder, text)]
    assert not accepted, f"{len(accepted)} graphs let a starter choose: {accepted[0]}"
    handed = [line for line in LINES if _loads(folder, _of_line(line))]
    assert not handed, f"{len(handed)} lines hand a param to a shell: {handed[0]}"
    (folder / "graphs").mkdir()
    for name, text in GRAPHS.items():
        (folder / f"graphs/{name}.yaml").write_text(text)
    told = {"ORCHESTRATOR_STARTERS": json.dumps({ANN: ["sales"]}), "ORCHESTRATOR_SCHEDULER_ACCOUNT": SCHEDULER}
    with deployed(folder, told) as world:
        tried = _called(world)
    graphs = sum(1 for _ in _exposing())
    return f"refused: {graphs} graphs that let a starter choose, {len(LINES)} lines, {tried} calls as somebody else"


def _exposing() -> Iterator[str]:
    for way in WAYS:
        for option in GUARDED:
            value = json.dumps([way] if option == "additional_experiments" else way)
            own = "" if option == "template" else "template: gs://b/t, "
            yield f"{HEAD}steps:\n  a: {{dataflow: {{{own}{option}: {value}}}}}\n"
            if option != "template":
                yield f"{HEAD}defaults: {{dataflow: {{{option}: {value}}}}}\n{PLAIN}"
        for name in (
            "sdkContainerImage",
            "setup_file",
            "experiments",
            "service_account_email",
            "dataflowWorkerJar",
            "beam_services",
        ):
            given = f"{{{name}: {json.dumps(way)}}}"
            yield f"{HEAD}steps: {{a: {{dataflow: {{template: gs://b/t, parameters: {given}}}}}}}\n"
            yield f"{HEAD}defaults: {{parameters: {given}}}\n{PLAIN}"


def _of_line(line: str) -> str:
    return f"{HEAD}deploy: false\nsteps: {{a: {{command: {json.dumps(line)}}}}}\n"


def _loads(folder: Path, text: str) -> bool:
    path = folder / "exposing.yaml"
    path.write_text(text)
    try:
        load_graph(path)
    except InvalidGraphError as error:
        told = ("whoever starts a run could choose", "where no quoting is safe")
        return not all(any(words in line for words in told) for line in error.lines)
    return True


def _called(world: Deployed) -> int:
    """Calls that must be refused, and some that must not."""
    forged = {**bearer(SCHEDULER), "X-Serverless-Authorization": token(ANN)}
    refused = {
        "another graph": ("open", bearer(ANN), 403),
        "a graph that is not there": ("nope", bearer(ANN), 403),
        "the schedule's header": ("sales", {**bearer(ANN), **DUE}, 403),
        "the schedule's header by one who may all": ("nightly", {**bearer(EVE), **DUE}, 403),
        "a forged second token": ("nightly", {**forged, **DUE}, 403),
        "two tokens in one": (
            "open",
            {"Authorization": f"{bearer(ANN)['Authorization']}, {bearer(EVE)['Authorization']}"},
            401,
        ),
        "nobody": ("open", {}, 401),
        "no e-mail": ("open", bearer(None), 401),
        "the schedule, of what has none": ("open", {**bearer(SCHEDULER), **DUE}, 403),
    }
    for what, (graph, headers, status) in refused.items():
        answer = world.post({"graph": graph}, headers)
        assert answer[0] == status, f"{what}: {answer}"
    for graph, headers in (("sales", bearer(ANN)), ("open", bearer(EVE)), ("nightly", {**bearer(SCHEDULER), **DUE})):
        answer = world.post({"graph": graph}, headers)
        assert answer[0] == 201, answer
    return len(refused)


def bearer(email: str | None) -> dict[str, str]:
    return {"Authorization": token(email)}


def token(email: str | None) -> str:
    """As Cloud Run passes it on."""
    claims = json.dumps({"email": email, "email_verified": True}).encode()
    return f"Bearer e30.{base64.urlsafe_b64encode(claims).decode()}.SIGNATURE_REMOVED_BY_GOOGLE"
