"""The commands that look: validate, plot, status, explain, logs, runs, graphs, schema; and what wrong use is told."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import cli
from orchestrator.cli.app import COMMANDS
from orchestrator.cli.failure import guarded
from tests.e2e.command_line import ROOT, Place, Said, finish, steady

GRAPH = """
name: sales
params: {day: 2026-01-31, full: false}
steps:
  extract: {command: 'echo reading; echo "{\\"rows\\": 3}" > $ORCHESTRATOR_OUTPUTS'}
  load: {after: extract, retry: {attempts: 2, delay: 0.1s}, command: 'echo "try $ORCHESTRATOR_ATTEMPT"; exit 7'}
  quiet: {after: extract, command: "true"}
  export: {after: extract, when: "{{ params.full }}", command: "true"}
  share: {after: export, command: "true"}
  publish: {after: [load, quiet], command: "true"}
  mail: {after: publish, command: "true"}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place where one run of the graph has ended."""
    folder = tmp_path_factory.mktemp("ran")
    (folder / ".git").mkdir()
    place = Place(folder)
    place.write("graphs/sales.yaml", GRAPH)
    place.write("graphs/bad.json", '{"name": "bad", "steps": {"a": {"after": "b"}, "b": {"after": "a"}}}')
    place.write("graphs/helpers.py", "def customers(): ...\n")
    assert place.run("sales", "--run-id", "sales-1").code == 1
    yield place
    place.close()


def test_validate_measures_what_is_right_and_says_what_is_wrong_in_every_file(ran: Place) -> None:
    said = ran.look("validate", "sales", "bad", "sals")
    assert said.code == 2
    assert said.out == (
        "graphs/sales.yaml: sales is valid: 7 steps, 7 edges, 1 join, "
        "longest path of 4 steps (extract -> load -> publish -> mail)\n"
    )
    assert said.err.splitlines() == [
        "graphs/bad.json:1: step 'a': after: these steps wait for each other in a cycle: a -> b -> a",
        "error: sals: no file and no graph in graphs/ has this name (did you mean 'sales'?); here are bad and sales",
    ]
    assert ran.look("validate", "sales", "--json").json == [
        {
            "file": "graphs/sales.yaml",
            "valid": True,
            "graph": "sales",
            "steps": 7,
            "edges": 7,
            "depth": 4,
            "joins": 1,
            "longest_path": ["extract", "load", "publish", "mail"],
            "problems": [],
            "warnings": [],
        }
    ]


def test_validate_tells_of_a_function_that_does_not_exist_and_runs_no_code(place: Place) -> None:
    """Only the run found it."""
    place.write("fn.py", "open('ran', 'w')\ndef quick(): ...\n")
    place.write("g.yaml", "name: g\ndeploy: false\nsteps:\n  a:\n    python: fn:quik\n  b: {python: fnn:quick}\n")
    assert place.look("validate", "g.yaml") == Said(
        2,
        "",
        "g.yaml:5: step 'a': python: module 'fn' has no function 'quik' (did you mean 'quick'?)\n"
        "g.yaml:6: step 'b': python: there is no module 'fnn' beside this file, and none is installed here "
        "(did you mean 'fn'?)\n",
    )
    assert not (place.folder / "ran").exists()


def test_validate_warns_of_outputs_that_may_not_be_there(place: Place) -> None:
    place.write(
        "w.yaml",
        """
name: w
params: {full: true}
steps:
  a: {when: "{{ params.full }}", command: ls}
  b: {after: a, trigger: none_failed, command: "echo {{ steps.a.outputs.rows }}"}
""",
    )
    said = place.look("validate", "w.yaml")
    assert said.code == 0
    warning = (
        "w.yaml:6: warning: step 'b': command: step 'a' may have been skipped or have failed, and then it has "
        "no outputs: give a default, as in {{ steps.a.outputs.rows | default(0) }}"
    )
    assert said.err == f"{warning}\n"
    assert place.look("validate", "w.yaml", "--json").json[0]["warnings"] == [warning]


def test_status_is_a_line_a_step_in_the_order_in_which_a_run_comes_to_them(ran: Place) -> None:
    said = ran.look("status")
    assert said.code == 0
    assert said.lines == [
        "run sales-1 of graph sales: failed after 0.0 s, started TIME",
        '  day = "2026-01-31"',
        "  full = false",
        "  time zone of the run: Etc/UTC",
        "✓ extract  succeeded          0.0 s",
        "✗ load     failed             0.0 s  2 attempts: exit status 7: try 2",
        "✓ quiet    succeeded          0.0 s",
        "» export   skipped                   when {{ params.full }} is false",
        "» share    skipped                   trigger all_success",
        "⊘ publish  upstream failed           because of load",
        "⊘ mail     upstream failed           because of publish",
        "2 succeeded, 1 failed, 2 upstream failed, 2 skipped",
        "load failed after 2 attempts: exit status 7: try 2",
        "  log  .orchestrator/runs/sales-1/steps/001-load/2/log",
        "rerun     orchestrator rerun sales-1",
    ]


@pytest.mark.parametrize(
    ("step", "lines"),
    [
        ("extract", ["extract: succeeded in 0.0 s", '  outputs: {"rows": 3}', "  log: RUN/000-extract/1/log"]),
        ("load", ["load: failed after 2 attempts: exit status 7: try 2", "  log: RUN/001-load/2/log"]),
        ("export", ["export: skipped: its condition was false: when: {{ params.full }}"]),
        (
            "share",
            [
                "share: skipped: its trigger all_success requires that all steps before it succeed, "
                "but export was skipped"
            ],
        ),
        (
            "mail",
            [
                "mail: upstream failed: its trigger all_success requires that all steps before it succeed, "
                "but publish never ran (upstream failed)",
                "  load is the cause",
                "  load failed: exit status 7: try 2",
            ],
        ),
    ],
)
def test_explain_says_why_a_step_stands_as_it_does(ran: Place, step: str, lines: list[str]) -> None:
    said = ran.look("explain", "sales", step)
    assert said.code == 0
    assert [line.replace(".orchestrator/runs/sales-1/steps", "RUN") for line in said.lines] == lines


def test_logs_prints_what_an_attempt_wrote(ran: Place) -> None:
    assert ran.look("logs", "sales-1", "load").out == "try 2\n"
    assert ran.look("logs", "sales-1", "load", "--attempt", "1").out == "try 1\n"
    assert ran.look("logs", "sales-1", "load", "--follow").out == "try 2\n"
    assert ran.look("logs", "sales-1", "quiet").out == ""
    assert ran.look("logs", "sales-1", "mail").err == "step 'mail' has not run: its status is upstream failed\n"
    said = ran.look("logs", "sales-1", "load", "--attempt", "3")
    assert (said.code, said.err) == (2, "error: step 'load' has had 2 attempts: there is no attempt 3\n")


def test_logs_says_that_a_log_was_deleted(place: Place) -> None:
    place.write("g.yaml", "name: g\nsteps:\n  a: {command: 'true'}\n  b: {wait: 0s}\n  c: {python: 'm:f'}\n")
    place.write("m.py", "def f():\n    pass\n")
    assert place.run("g.yaml", "--run-id", "r1").code == 0
    assert place.look("logs", "r1", "a") == Said(0, "", "step 'a' wrote nothing in attempt 1\n")
    assert place.look("logs", "r1", "c") == Said(0, "", "step 'c' wrote nothing in attempt 1\n")
    shutil.rmtree(place.folder / ".orchestrator/runs/r1/steps")
    gone = ".orchestrator/runs/r1"
    words = f"the log of step 'a', attempt 1, is missing: {gone}/steps/000-a/1/log has been deleted\n"
    assert place.look("logs", "r1", "a") == place.look("logs", "r1", "a", "--follow") == Said(1, "", words)
    shutil.rmtree(place.folder / ".orchestrator/runs/r1")
    assert place.look("logs", "r1", "c") == Said(
        1, "", f"the log of step 'c', attempt 1, is missing: {gone} has been deleted\n"
    )


def test_a_deleted_working_folder_is_told(place: Place) -> None:
    (place.folder / "gone").mkdir()
    for line in ("status", "validate g.yaml"):
        shell = ["sh", "-c", f'mkdir -p gone && cd gone && rmdir ../gone && exec "$0" -P -m orchestrator {line}']
        done = subprocess.run(
            [*shell, sys.executable],
            cwd=place.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
        )
        said = b"error: the current folder has been deleted: change to another one with cd\n"
        assert (done.returncode, done.stdout, done.stderr) == (2, b"", said)


@pytest.mark.slow
def test_closed_streams_are_no_fault(place: Place) -> None:
    place.write("g.yaml", "name: g\nsteps: {a: {command: 'cat; echo to the log'}}\n")

    def ends(line: str) -> tuple[int, str]:
        shell = ["sh", "-c", f'"$0" -m orchestrator {line}', sys.executable]
        done = subprocess.run(
            shell, cwd=place.folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False
        )
        return done.returncode, (done.stdout + done.stderr).decode()

    assert ends("run g.yaml --run-id r1 --no-picture <&- >&- 2>&-") == (0, "")
    assert place.look("logs", "r1", "a").out == "to the log\n"
    assert ends("status r1 >&-") == ends("--help >&-") == ends("status r1 <&- >&- 2>&-") == (0, "")
    assert ends("status nothing >&- 2>&-") == ends("nonsense 2>&-") == (2, "")
    assert ends("status nothing >&-") == (
        2,
        "error: no run has the id 'nothing': list the runs with 'orchestrator runs'\n",
    )


@pytest.mark.slow
def test_logs_follows_a_step_through_its_attempts_until_it_has_ended(place: Place) -> None:
    place.write(
        "g.yaml",
        """
name: g
steps:
  talk:
    retry: {attempts: 2, delay: 0s}
    command: 'echo begin $ORCHESTRATOR_ATTEMPT; echo up > up; read word < go; echo $word; [ $word = good ]'
""",
    )
    place.fifo("up")
    place.fifo("go")
    running = place.start("run", "g.yaml", "--run-id", "r1", "--no-picture")
    place.hear("up")
    following = place.start("logs", "r1", "talk", "--follow")
    assert following.stdout is not None
    assert following.stdout.readline() == "begin 1\n"
    place.tell("go", "bad")
    assert following.stdout.readline() == "bad\n"
    place.hear("up")
    assert following.stdout.readline() == "begin 2\n"
    place.tell("go", "good")
    assert following.stdout.read() == "good\n"
    assert (following.wait(), running.wait()) == (0, 0)
    for process in (following, running):
        process.communicate()


def test_runs_lists_the_newest_first(ran: Place) -> None:
    assert [steady(line) for line in ran.look("runs").lines] == [
        "RUN      GRAPH  STATUS       STARTED              DURATION  NOTE",
        "sales-1  sales  failed       TIME  0.0 s     load (exit)",
    ]
    (found,) = ran.look("runs", "--json").json
    assert {key: found[key] for key in ("run", "graph", "status", "params")} == {
        "run": "sales-1",
        "graph": "sales",
        "status": "failed",
        "params": {"day": "2026-01-31", "full": False},
    }
    assert list(found) == [
        "run",
        "graph",
        "version",
        "status",
        "params",
        "time_zone",
        "started_at",
        "ended_at",
        "failed",
    ]
    assert found["failed"] == {"load": "exit"}


@pytest.mark.slow
def test_runs_says_when_it_leaves_some_out(place: Place) -> None:
    place.write("g.yaml", "name: g\nsteps: {a: }\n")
    for run in ("r1", "r2", "r3"):
        assert place.run("g.yaml", "--run-id", run).code == 0
    assert place.look("runs", "--limit", "2").lines[3:] == ["2 of 3 runs are shown; show more with --limit N"]
    assert len(place.look("runs", "--limit", "3").lines) == 4
    assert len(place.look("runs", "--limit", "2", "--json").json) == 2


def test_status_lists_many_failures_once_and_a_step_name_once(place: Place) -> None:
    steps = "\n".join(
        f"  s{number:02}: {{command: 'true', cwd: nowhere, retry: {{attempts: 2}}}}" for number in range(13)
    )
    place.write("g.yaml", f"name: g\nsteps:\n{steps}\n")
    said = place("run", "g.yaml", "--run-id", "r1", "--no-picture")
    gone = f"cwd: there is no folder {place.folder}/nowhere"
    assert f"s00 failed: {gone}; not retried: another attempt would fail the same way" in said.lines
    assert "and 3 more such steps: orchestrator status r1" in said.lines
    shown = place.look("status", "r1").lines
    assert sum(gone in line for line in shown) == 13
    assert shown[1] == f"✗ s00  failed             0.0 s  {gone}"
    assert shown[-2:] == [
        "13 steps failed or were stopped: orchestrator explain r1 STEP",
        "rerun     orchestrator rerun r1",
    ]
    assert len(shown) == 17


@pytest.mark.parametrize("home", ["afile", "afile/x", "/dev/null", "/dev/null/x", "/proc/x", "garbage", "folder"])
@pytest.mark.parametrize("words", [("run", "g.yaml"), ("runs",)])
def test_a_home_that_can_be_none_is_wrong_use(place: Place, home: str, words: tuple[str, ...]) -> None:
    """Of one below /proc it was said that this is a bug; of a database that is none, that the run had failed."""
    place.write("g.yaml", "name: g\nsteps: {a: }\n")
    place.write("afile", "")
    place.write("garbage/orchestrator.db", "no database, and longer than its first line would be\n")
    (place.folder / "folder/orchestrator.db").mkdir(parents=True)
    said = place.look(*words, "--home", home)
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[0].startswith("error: ")
    assert "bug" not in said.err
    if home in ("garbage", "folder"):
        assert said.err == (
            f"error: {home}/orchestrator.db: expected an SQLite database of the orchestrator, got something else: "
            "move it away, or give another place with --home\n"
        )


def test_plot_draws_a_graph_or_a_run(ran: Place) -> None:
    assert ran.look("plot", "sales", "-o", "sales.mmd").out == "sales.mmd: 7 steps in 7 boxes\n"
    assert "upstream" not in ran.read("sales.mmd")
    assert ran.look("plot", "--run", "sales-1", "-o", "run.mmd").code == 0
    assert "upstream failed" in ran.read("run.mmd")
    both = ran.look("plot", "sales", "--run", "sales-1", "-o", "x.mmd")
    assert (both.code, both.err) == (2, "error: expected GRAPH or --run, got both\n")


def test_graphs_and_schema(ran: Place, tmp_path: Path) -> None:
    assert ran.look("graphs").out == "bad    graphs/bad.json\nsales  graphs/sales.yaml\n"
    assert Place(tmp_path).look("graphs").code == 2
    assert ran.look("schema").json["title"] == "Orchestrator graph"


def test_a_name_that_two_files_have_means_neither(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for file in ("graphs/sales.yaml", "graphs/sales/graph.json"):
        place.write(file, '{"name": "sales", "steps": {"a": {"command": ["true"]}}}')
    assert place.look("graphs").out == "sales  graphs/sales/graph.json\nsales  graphs/sales.yaml\n"
    said = place.look("run", "sales")
    assert (said.code, said.err) == (
        2,
        "error: sales: graphs/sales/graph.json and graphs/sales.yaml have this name: "
        "give the path of the one you mean\n",
    )


@pytest.mark.parametrize("words", [["runs", "--home", ""], ["plot", "sales", "-o", ""], ["lock", ""]])
def test_an_empty_text_is_no_path(ran: Place, words: list[str]) -> None:
    """Python takes it for the current folder, whose files would then be closed to others and hidden from git."""
    said = ran.look(*words)
    assert said.code == 2
    assert "expected a path, got an empty text: is a variable not set?" in said.err
    assert not (ran.folder / ".gitignore").exists()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["status", "sales-2"], "no run has the id 'sales-2' (did you mean 'sales-1'?)"),
        (["explain", "sales-1", "lod"], "graph 'sales' has no step 'lod' (did you mean 'load'?)"),
        (
            ["logs", "sales-1", "zzz"],
            "graph 'sales' has no step 'zzz': its steps are extract, load, quiet, export, share, publish, mail",
        ),
        (
            ["run", "sales", "--run-id", "a/b"],
            "run id: expected a letter or digit, then up to 99 letters, digits, '_', '.' or '-', got 'a/b'",
        ),
        (["run", "sales", "-p", "full"], "--param: expected name=value, got 'full'"),
        (
            ["run", "sales", "-p", "a=1", "-p", "b=2", "-p", "a=3"],
            "--param: expected each name once, got a several times; a list is one value: a=a,b",
        ),
        (["run", "missing.yaml"], "missing.yaml: there is no such file"),
    ],
)
def test_wrong_use_ends_with_2_and_one_sentence(ran: Place, words: list[str], error: str) -> None:
    said = ran.look(*words)
    assert (said.code, said.out, said.err) == (2, "", f"error: {error}\n")


def test_a_command_that_is_not_known_gets_a_suggestion(ran: Place) -> None:
    said = ran.look("statsu")
    assert said.code == 2
    assert said.err == (
        "error: there is no command 'statsu' (did you mean 'status'?)\n"
        "usage: orchestrator [OPTIONS] [COMMAND] [ARGS]...\n"
        "help:  orchestrator --help\n"
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_text_with_an_example(ran: Place, name: str) -> None:
    said = ran.look(name, "--help")
    assert (said.code, said.err) == (0, "")
    assert re.search(rf"Examples?:\n    orchestrator {name}", said.out)


def test_without_arguments_the_help_is_printed(ran: Place) -> None:
    assert ran.look() == ran.look("--help")
    assert all(f"  {name} " in ran.look().out for name in COMMANDS)


def _more(line: str) -> object:
    """Another command of which the same is asked, where there is time."""
    return pytest.param(line, marks=pytest.mark.slow)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has it")
@pytest.mark.parametrize("line", ["status", _more("runs --json"), _more("--help"), _more("run sales --json")])
def test_output_that_cannot_be_written_is_told(ran: Place, line: str) -> None:
    with open("/dev/full", "w") as full:
        process = ran.start(*line.split(), terminal=full.fileno(), errors=subprocess.PIPE)
        said = finish(process)
    assert (said.code, said.err) == (
        1,
        "error: standard output: the disk is full: free some space, and try again\n",
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has it")
@pytest.mark.parametrize(("raised", "code"), [("UsageError('no such run')", 2), ("KeyboardInterrupt", 130)])
def test_output_that_cannot_be_written_does_not_hide_how_a_command_ended(raised: str, code: int) -> None:
    """Python said so at exit, in its own words, and ended with 120."""
    program = (
        "import sys\nfrom orchestrator.cli.failure import guarded\nfrom orchestrator.errors import UsageError\n"
        f"def command():\n    print('begun')\n    raise {raised}\nsys.exit(guarded(command))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (code, "error: no such run\n" if code == 2 else "")


@pytest.mark.parametrize(
    "line", ["run LONG", "plot LONG.yaml -o x.mmd", "plot sales -o LONG.mmd", "runs --home LONG", "lock LONG",
             "runs --store sqlite:///LONG", "run sales --params-file LONG"],
)  # fmt: skip
def test_a_path_that_is_too_long_is_wrong_use(ran: Place, line: str) -> None:
    said = ran.look(*line.replace("LONG", "x" * 300).split())
    assert (said.code, said.out) == (2, "")
    assert f"{'x' * 200}…: the path is too long: give a shorter one" in said.err


def test_a_pipe_is_told_from_a_file_that_is_not_there(place: Place) -> None:
    place.fifo("g.yaml")
    for words in (("run", "g.yaml"), ("validate", "g.yaml"), ("plot", "g.yaml", "-o", "x.mmd")):
        assert place.look(*words) == Said(2, "", "error: g.yaml: expected a file, got a pipe\n")
    said = place.look("runs", "--store", "sqlite:///g.yaml")
    assert said == Said(2, "", "error: sqlite:///g.yaml: expected a file, got a pipe\n")


@pytest.mark.parametrize(
    "line",
    [
        *["schema", "status"],
        *map(_more, ["--help", "--version", "runs", "status --json", "explain sales-1 load", "logs sales-1 load"]),
        *map(_more, ["validate sales", "graphs", "cancel sales-1", "verify sales-1", "plot sales -o x.mmd"]),
        *map(_more, ["run sales --run-id sales-1", "run sales --run-id sales-1 --json", "resume sales-1", "run sales"]),
    ],
)
def test_nobody_reads_on_is_no_error(ran: Place, line: str) -> None:
    with ran.start(*line.split()) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_an_error_that_nobody_thought_of_is_one_sentence_and_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        raise ZeroDivisionError("division by zero")

    assert guarded(command) == 1
    said = capsys.readouterr().err
    found = re.fullmatch(
        r"error: this is a bug in orchestrator: ZeroDivisionError: division by zero; please report it with (.*)\n", said
    )
    assert found
    path = Path(found[1])
    assert path.read_text().startswith("Traceback (most recent call last):")
    path.unlink()


def test_the_console_script_is_the_command_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"orchestrator": "orchestrator.cli:main"}
    assert callable(cli.main)


def test_two_graphs_of_one_name_are_refused_by_validate_if_one_of_them_is_asked_for_or_both(place: Place) -> None:
    graph = "name: sales\nsteps: {a: }\n"
    place.write("graphs/old/graph.yaml", f"# first\n{graph}")
    place.write("graphs/sales.yaml", graph)
    place.write("graphs/here.yaml", f"{graph}deploy: false\n")
    place.write("graphs/broken.yaml", "name: sales\n")
    fix = "give each graph its own name"
    wrong = [
        f"graphs/old/graph.yaml:2: name: the graph of graphs/sales.yaml is also called 'sales': {fix}",
        f"graphs/sales.yaml:1: name: the graph of graphs/old/graph.yaml is also called 'sales': {fix}",
    ]
    assert place.look("validate", "old") == Said(2, "", f"{wrong[0]}\n")
    assert place.look("validate", "old", "sales") == Said(2, "", "".join(f"{line}\n" for line in wrong))
    assert place.look("validate", "here").code == 0
    for name in ("a/x.yaml", "b/x.yaml", "x/graph.json", "y.json"):
        place.write(name, graph if name.endswith("yaml") else '{"name": "sales", "steps": {"a": {}}}')
    assert place.look("validate", "a/x.yaml", "b/x.yaml", "y.json").code == 0
    assert place.look("validate", "a/x.yaml", "x", "y.json").err.splitlines() == [
        f"x/graph.json:1: name: the graph of y.json is also called 'sales': {fix}",
        f"y.json:1: name: the graph of x/graph.json is also called 'sales': {fix}",
    ]
