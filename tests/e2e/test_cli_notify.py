"""Being told on one machine: a receiver that is down at first, ``notify`` and its samples, a cancelled run."""

from orchestrator.home import Home
from tests.doubles.webhook import webhook
from tests.e2e.command_line import Place

GRAPH = """
name: g
steps:
  a: {command: "echo 'the disk is full' >&2; exit 3"}
  b: {after: a, command: "true"}
"""

PROJECT = """
notify:
  ops: {url: "%s/token", on: [run_failed, step_failed, run_cancelled]}
  desk: {command: "cat >> told", graphs: [other]}
"""

RUN = ("run", "g.yaml", "--run-id", "g-1", "--no-picture")


def test_what_a_receiver_missed_is_told_by_the_next_command_once(place: Place) -> None:
    with webhook(500, 500, 204) as hook:
        place.write("orchestrator.yaml", PROJECT % hook.url)
        place.write("g.yaml", GRAPH)
        ran = place(*RUN)
        assert ran.code == 1
        assert "not notified: receiver 'ops': 127.0.0.1 answered 500; it is tried again" in ran.out + ran.err
        assert "2 notifications could not be sent: 'orchestrator notify'" in ran.out + ran.err
        assert "token" not in ran.out + ran.err
        sent = place("notify")
        assert (sent.code, sent.lines[-1]) == (0, "2 notifications sent")
        assert place("notify").lines[-1] == "0 notifications sent"
    ids = [event["id"] for event in hook.events]
    assert len(ids) == 4
    assert len(set(ids)) == 2
    failed = next(event for event in hook.events if event["type"] == "orchestrator.run_failed")
    assert failed["data"]["fix"] == "orchestrator rerun g-1"
    assert failed["data"]["failed"] == [
        {"step": "a", "attempt": 1, "cause": "exit", "error": "exit status 3: the disk is full"}
    ]
    assert not (place.folder / "told").exists()


def test_what_another_process_is_sending_is_not_told_as_if_there_were_nothing(place: Place) -> None:
    with webhook(500, 500, 204) as hook:
        place.write("orchestrator.yaml", PROJECT % hook.url)
        place.write("g.yaml", GRAPH)
        place(*RUN)
        with Home(place.folder / ".orchestrator").driving("g-1"):
            said = place("notify")
        told = "0 notifications sent; 2 more left to another process, which is sending them"
        assert (said.code, said.lines[-1]) == (1, told)
        assert place("notify").lines[-1] == "2 notifications sent"


def test_a_sample_goes_to_each_receiver_and_its_answer_is_told(place: Place) -> None:
    with webhook(204, 503) as hook:
        place.write("orchestrator.yaml", PROJECT % hook.url)
        place.write("g.yaml", GRAPH)
        well = place("notify", "--test")
        assert (well.code, well.lines) == (0, ["ops: answered 204", "desk: exited with 0"])
        down = place("notify", "--test", "ops")
        assert down.code == 1
        assert "receiver 'ops': 127.0.0.1 answered 503" in down.err
        wrong = place("notify", "--test", "opps")
        assert (wrong.code, wrong.err.splitlines()) == (
            2,
            ["error: no receiver is called 'opps' (did you mean 'ops'?)"],
        )
    assert [event["data"]["test"] for event in hook.events] == [True, True]


def test_a_graph_says_itself_who_is_told_what(place: Place) -> None:
    with webhook() as hook:
        place.write("orchestrator.yaml", PROJECT % hook.url)
        place.write("g.yaml", f"{GRAPH}notify: {{ops: [], desk: [run_failed], nobody: [run_failed]}}\n")
        ran = place(*RUN)
        assert "the graph notifies 'nobody', and orchestrator.yaml has no such receiver" in ran.out + ran.err
    assert hook.events == []
    assert '"type":"orchestrator.run_failed"' in (place.folder / "told").read_text()


def test_a_wrong_project_file_is_refused_before_anything_runs(place: Place) -> None:
    place.write(
        "orchestrator.yaml", "notify:\n  ops: {url: http://hooks.example.com}\n  Desk: {command: x, on: [faild]}\n"
    )
    place.write("g.yaml", GRAPH)
    ran = place(*RUN)
    assert ran.code == 2
    assert "orchestrator.yaml:2: notify.ops.url: expected an address such as https://" in ran.err
    assert "no occasion is called 'faild'" in ran.err
