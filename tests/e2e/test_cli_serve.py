"""``orchestrator serve`` and ``run --due``, with real processes."""

import signal
import subprocess
import threading
from datetime import UTC, datetime, timedelta

from tests.e2e.command_line import TIMEOUT, Place, Said, finish

TICK = """
name: tick
params: {at: {type: datetime, default: now}, who: nobody}
schedule: {cron: "0 * * * *", time_zone: Europe/Berlin, params: {who: the schedule}}
steps:
  a: {command: "echo {{ params.at }} {{ params.who }}"}
"""


def due(ago: int) -> str:
    """The full hour so many hours ago."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=ago)
    return f"{hour:%Y-%m-%dT%H:%M:%SZ}"


def run_id(ago: int) -> str:
    return f"tick-{due(ago).replace(':', '')}"


def heard(server: "subprocess.Popen[str]", text: str) -> str:
    """The first line that the server says with ``text`` in it."""
    late = threading.Timer(TIMEOUT, server.kill)
    late.start()
    try:
        assert server.stdout is not None
        return next(line for line in server.stdout if text in line)
    finally:
        late.cancel()


def test_what_a_schedule_would_have_started_is_run_with_its_params_its_time_and_its_id(place: Place):
    place.write("graphs/tick.yaml", TICK)
    said = place("run", "tick", "--due", "2026-01-31T00:00", "--no-picture")
    assert said.code == 0, said
    assert said.lines[0] == "TIME  run tick-2026-01-30T230000Z: 1 step"
    assert place.look("logs", "tick", "a").out == "2026-01-31T00:00:00+01:00 the schedule\n"
    again = place("run", "tick", "--due", "2026-01-30T23:00:00Z", "--no-picture")
    assert (again.code, again.out.count("ended at")) == (0, 1)
    assert place("run", "tick", "--due", "soon").err == (
        "error: --due: expected a time such as 2026-01-31T06:00, got 'soon'\n"
    )


def test_a_folder_without_schedules_says_so(place: Place):
    place.write("graphs/g.yaml", "name: g\nsteps: {a: {command: 'true'}}\n")
    assert place.look("serve", "--dry-run").out == "no graph in graphs has a schedule\n"


def test_without_a_folder_graphs_there_is_nothing_to_serve(place: Place):
    wrong = Said(2, "", "error: there is no folder graphs here: change to the folder that contains it\n")
    assert (place.look("serve"), place.look("serve", "--dry-run")) == (wrong, wrong)


def test_the_newest_missed_start_is_made_up_for_and_ctrl_c_ends_the_server(place: Place):
    place.write("graphs/tick.yaml", TICK)
    assert place("run", "tick", "--due", due(3), "--no-picture").code == 0
    shown = place("serve", "--dry-run")
    assert (shown.code, shown.lines[0], len(shown.lines)) == (0, "tick: 0 * * * * (Europe/Berlin)", 21)
    server = place.start("serve", "--catch-up", "newest")
    assert f"{run_id(0)}  succeeded after" in heard(server, "succeeded")
    server.send_signal(signal.SIGINT)
    ended = finish(server)
    assert (ended.code, ended.out.splitlines()[-1].partition("  ")[2]) == (0, "ended: nothing runs")


def test_a_run_goes_on_when_its_server_is_killed_and_the_next_server_leaves_it_alone(place: Place):
    place.write("graphs/tick.yaml", TICK.replace("echo", "cat go >> went; echo"))
    place.fifo("graphs/go")
    first = place.start("run", "tick", "--due", due(3), "--no-picture")
    place.tell("graphs/go", "on")
    assert finish(first).code == 0
    server = place.start("serve", "--catch-up", "newest")
    heard(server, f"{run_id(0)}  starts")
    server.kill()
    finish(server)
    place.tell("graphs/go", "on")
    assert place("status", run_id(0), "--watch").code == 0
    assert place.look("status", run_id(0), "--json").json["status"] == "succeeded"
    assert place.read("graphs/went") == "on\non\n"
