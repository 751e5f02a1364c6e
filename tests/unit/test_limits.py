"""Every bound on what is read, kept or told: at it and one above. docs/limits.md lists them, and is held to it."""

import importlib
import io
import json
import re
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator import expressions, text
from orchestrator.cloud import logs
from orchestrator.cloud.start_body import LARGEST, read_asked
from orchestrator.core import machine, outcome, retries
from orchestrator.core.compiler import SPREAD, WIDE, compile_plan
from orchestrator.core.events import JobEnded
from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.core.model import Run, RunStatus, Status, StepState, Transition, View
from orchestrator.core.run_filter import EVERY, RunFilter
from orchestrator.core.steps import Step
from orchestrator.core.values import MAX_OUTPUT
from orchestrator.definition import build, cron, json_reader, load, params, patterns, yaml_reader
from orchestrator.definition.json_reader import read as read_json
from orchestrator.definition.load import load_graph
from orchestrator.definition.text_files import DEEPEST, UnreadableError
from orchestrator.errors import (
    InvalidGraphError,
    NotFoundError,
    OutputError,
    StoreError,
    UnreadableRecordError,
    UnstorableError,
    UsageError,
)
from orchestrator.expressions import budget, template
from orchestrator.expressions.budget import MAX_BITS, MAX_FILLED, MAX_MADE, MAX_WORK, OTHER
from orchestrator.expressions.costs import CALL
from orchestrator.expressions.sandbox import evaluate
from orchestrator.home import Home
from orchestrator.home.database import Database
from orchestrator.jobs.dataflow.causes import explain
from orchestrator.jobs.outputs import check_outputs, read_outputs
from orchestrator.operations import find_run as finding
from orchestrator.ports import MAX_WRITES, Unreadable, check_writes, refuse
from orchestrator.stores import plans
from orchestrator.stores.firestore import documents, expiry
from orchestrator.stores.sqlite import rows
from orchestrator.stores.sqlite.store import SqliteStore
from tests.doubles.memory_store import MemoryStore

ROOT = Path(__file__).resolve().parents[2]
RUN = Run("r", "k" * 10, "g", "v", {}, 1.0)
ONE = compile_plan("g", "v", (Step("a"),))
ROW = re.compile(
    r"^\| `(?P<file>[\w/]+\.py)` `(?P<name>\w+)` \| (?P<value>[\d,.]+)[^|]*\|.*\| `(?P<test>\w+)` \|$", re.MULTILINE
)

#: What bounds are called. A cache's size or a time is none.
NAMED = re.compile(r"^_?(?!MAX_SECONDS)(MAX|LONGEST|LARGEST|DEEPEST|DEPTH|CHUNK|BATCH|PART|WIDE|SPREAD)(_[A-Z]+)*$")


def test_every_bound_is_in_the_table_with_its_value_and_its_test():
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    told = {}
    for row in ROW.finditer((ROOT / "docs/limits.md").read_text()):
        told[f"{row['file']} {row['name']}"] = float(row["value"].replace(",", ""))
        assert f"def {row['test']}(" in tests, row["test"]
    found = {}
    for path in sorted((ROOT / "orchestrator").rglob("*.py")):
        file = path.relative_to(ROOT / "orchestrator")
        said = re.findall(r"^(_?[A-Z][A-Z_]*(?:, _?[A-Z_]+)*)(?:: [^=\n]+)? = ", path.read_text(), re.MULTILINE)
        names = ", ".join(said).split(", ")
        if file.parts[0] != "fakes" and any(map(NAMED.match, names)):
            module = importlib.import_module(".".join(("orchestrator", *file.with_suffix("").parts)))
            found |= {f"{file} {name}": float(getattr(module, name)) for name in names if NAMED.match(name)}
    assert told == found


# What is kept.


@pytest.mark.parametrize("more", [0, 1])
def test_outputs_are_kept_up_to_a_bound(tmp_path: Path, more: int):
    text = json.dumps({"text": "x" * (MAX_OUTPUT + more - len('{"text": ""}'))})
    (tmp_path / "outputs").write_text(text)
    for read in (lambda: read_outputs(tmp_path / "outputs"), lambda: check_outputs(json.loads(text))):
        if more:
            with pytest.raises(OutputError, match="take 262,145 bytes"):
                read()
        else:
            assert read() == json.loads(text)


def test_a_run_with_its_params_is_kept_up_to_a_bound():
    size = len(documents._text(documents.codec.run_to_json(replace(RUN, params={"text": ""}))))
    most = {"text": "x" * (documents.MAX_RUN - size)}
    documents.check_run(replace(RUN, params=most))
    with pytest.raises(UnstorableError, match="takes 1,000,001 bytes"):
        documents.check_run(replace(RUN, params={"text": most["text"] + "x"}))


def test_a_plan_that_is_larger_than_a_document_is_kept_in_parts(monkeypatch: pytest.MonkeyPatch):
    (whole,) = documents.of_plan(ONE)
    for size, parts in ((len(whole), 1), (len(whole) - 1, 2)):
        monkeypatch.setattr(documents, "_PART", size)
        assert len(documents.of_plan(ONE)) == parts
        assert documents.to_plan("plans/v", documents.of_plan(ONE)) == ONE


def test_a_plan_is_kept_and_read_up_to_a_bound(monkeypatch: pytest.MonkeyPatch):
    packed = plans.pack(ONE)
    size = len(zlib.decompress(packed))
    monkeypatch.setattr(plans, "MAX_PLAN", size)
    assert plans.unpack("plans/v", plans.pack(ONE)) == ONE
    monkeypatch.setattr(plans, "MAX_PLAN", size - 1)
    with pytest.raises(UnstorableError, match=f"graph 'g' takes {size:,} bytes as JSON, and at most {size - 1:,}"):
        plans.pack(ONE)
    with pytest.raises(UnreadableRecordError, match=f"plans/v cannot be read: it unpacks to more than {size - 1:,} b"):
        plans.unpack("plans/v", packed)
    with pytest.raises(UnreadableRecordError, match="its end is missing"):
        plans.unpack("plans/v", packed[:-8])


def test_an_error_is_kept_up_to_a_bound():
    running = StepState(Status.RUNNING, 1, job_name="a", job="1", claimed_at=1.0, started_at=1.0)
    kept = []
    for letters in (text.MAX_ERROR, text.MAX_ERROR + 1):
        ended = machine.evolve(ONE, 0, running, JobEnded(1, JobEnd(Outcome.FAILED, 2.0, error="x" * letters)))
        assert ended is not None
        kept.append(ended.state.error)
    assert kept == ["x" * text.MAX_ERROR, "x" * text.MAX_ERROR + "…"]


def test_a_run_remembers_a_few_of_the_steps_that_failed():
    for steps in (outcome.MAX_CULPRITS, outcome.MAX_CULPRITS + 1):
        plan = compile_plan("g", "v", [Step(f"s{number:02}") for number in range(steps)])
        failed = View({number: StepState(Status.FAILED, cause="exit") for number in range(steps)})
        named = [f"s{number:02}" for number in range(outcome.MAX_CULPRITS)]
        assert outcome.culprits(plan, failed) == dict.fromkeys(named, "exit")


def test_an_attempt_is_interrupted_for_free_a_hundred_times():
    last = StepState(Status.RUNNING, 100, retries.MAX_INTERRUPTIONS - 1, "a", "1", claimed_at=1.0, started_at=1.0)
    for state, status in (
        (last, Status.UP_FOR_RETRY),
        (replace(last, interruptions=retries.MAX_INTERRUPTIONS), Status.FAILED),
    ):
        asked = JobEnded(100, JobEnd(Outcome.INTERRUPTED, 2.0, interruption=Interruption.ASKED))
        ended = machine.evolve(ONE, 0, state, asked)
        assert ended is not None
        assert ended.state.status is status


@pytest.mark.parametrize("unasked", [0, 1, 4, retries.MAX_UNASKED - 1, retries.MAX_UNASKED])
def test_an_attempt_is_lost_for_free_up_to_a_bound_and_begins_later_each_time(unasked: int):
    pauses = {0: 1.0, 1: 2.0, 4: 16.0, 19: 600.0}
    state = interrupted(unasked, Interruption.LOST)
    again = (Status.UP_FOR_RETRY, 2.0 + pauses[unasked], unasked + 1) if unasked in pauses else None
    assert (state.status, state.due, state.unasked) == (again or (Status.FAILED, None, unasked))


def test_an_attempt_that_is_seen_to_vanish_is_made_again_a_handful_of_times():
    last, worn = (interrupted(retries.MAX_VANISHED - less, Interruption.VANISHED) for less in (1, 0))
    assert (last.status, last.due) == (Status.UP_FOR_RETRY, 18.0)
    said = "its process was gone 6 times, and nothing says how it ended"
    assert (worn.status, worn.cause, worn.error) == (Status.FAILED, "interrupted", said)


def interrupted(unasked: int, what: Interruption) -> StepState:
    """The state of an attempt that is interrupted at 2.0, after ``unasked`` interruptions."""
    begun = StepState(Status.RUNNING, unasked + 1, unasked, "a", "1", 1.0, 1.0, unasked=unasked)
    ended = machine.evolve(ONE, 0, begun, JobEnded(unasked + 1, JobEnd(Outcome.INTERRUPTED, 2.0, interruption=what)))
    assert ended is not None
    return ended.state


# One commit, one query.


def test_a_commit_has_a_bounded_number_of_writes():
    check_writes(Transition(StepState(), tuple(range(MAX_WRITES - 1))))
    with pytest.raises(StoreError, match="a commit of 501 writes"):
        check_writes(Transition(StepState(), tuple(range(MAX_WRITES))))


def test_a_step_arrives_at_a_bounded_number_of_counters_or_through_gates():
    for others in (SPREAD, SPREAD + 1):
        sides = [Step(f"x{number}") for number in range(others)]
        after = [Step(f"y{number}", after=tuple(sorted(("a", f"x{number}")))) for number in range(others)]
        plan = compile_plan("g", "v", [Step("a"), *sides, *after])
        assert max(len(node.arrives) for node in plan.nodes) <= SPREAD
        assert (len(plan.nodes[0].arrives) == SPREAD) == (others == SPREAD)


def test_a_join_takes_a_bounded_number_of_arrivals_or_becomes_a_tree():
    for width in (WIDE, WIDE + 1):
        names = [f"s{number:02}" for number in range(width)]
        plan = compile_plan("g", "v", [*map(Step, names), Step("join", after=tuple(names))])
        assert (plan.joins[0].size == WIDE) == (width == WIDE)


@pytest.mark.parametrize("steps", [rows._CHUNK, rows._CHUNK + 1])
def test_as_many_steps_as_wanted_are_read_from_sqlite(steps: int):
    database = Database(":memory:")
    store = SqliteStore(database)
    store.open_run(RUN, compile_plan("g", "v", [Step(f"s{number}") for number in range(steps)]))
    done = StepState(Status.SUCCEEDED, ended_at=2.0)
    store.transact(RUN.key, steps - 1, lambda _: Transition(done))
    assert store.load(RUN.key, range(steps), range(steps)).states == {steps - 1: done}
    database.close()


class Batches:
    """A client that counts what each of its batches writes."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def batch(self) -> "Batches":
        self.sizes.append(0)
        return self

    def update(self, _document: object, _stamp: object) -> None:
        self.sizes[-1] += 1

    def commit(self, **_: object) -> None:
        pass


def test_old_runs_are_stamped_in_commits_of_a_bounded_size():
    sizes = []
    for size in (expiry._BATCH, expiry._BATCH + 1):
        client: Any = Batches()
        expiry.write(client, [object()] * size, {}, 1.0)  # type: ignore[list-item]
        sizes.append(client.sizes)
    assert sizes == [[400], [400, 1]]


# What is read.


def test_a_request_is_read_up_to_a_bound():
    body = b'{"graph": "g"}'
    assert read_asked(body + b" " * (LARGEST - len(body))).graph == "g"
    with pytest.raises(UsageError, match="at most 4,194,304 bytes, got 4,194,305"):
        read_asked(body + b" " * (LARGEST - len(body) + 1))


class Runs(MemoryStore):
    """A store of so many runs, the newest first."""

    def __init__(self, runs: int) -> None:
        super().__init__()
        self.found = [replace(RUN, id=f"r{n}", key=f"k{n}", status=RunStatus.SUCCEEDED) for n in range(runs)]
        self.found[-1] = replace(self.found[-1], id="oldest", status=RunStatus.RUNNING)

    def list_runs(self, limit: int = 50, unreadable: Unreadable = refuse, wanted: RunFilter = EVERY) -> Sequence[Run]:
        return list(filter(wanted.fits, self.found))[:limit]

    def get_run(self, run: str) -> Run | None:
        return next((found for found in self.found if found.key == run), None)

    def unfinished(self, unreadable: Unreadable = refuse) -> Sequence[Run]:
        return [run for run in self.found if run.status is RunStatus.RUNNING]


def test_a_beginning_of_an_id_is_looked_for_among_the_newest_runs():
    assert finding.find_run(Runs(finding.MAX_RUNS), "old", print).id == "oldest"
    with pytest.raises(NotFoundError) as unknown:
        finding.find_run(Runs(finding.MAX_RUNS + 1), "old", print)
    newest = "none of the newest 10,000 begins with it: give the whole id of an older run"
    assert str(unknown.value) == f"no run has the id 'old', and {newest}"


def test_an_unfinished_run_is_found_however_many_came_after_it(tmp_path: Path):
    assert finding.only_unfinished(Home(tmp_path), Runs(finding.MAX_RUNS + 1)).id == "oldest"


def test_a_run_that_a_process_drives_is_none_to_resume(tmp_path: Path):
    home, runs = Home(tmp_path), Runs(1)
    runs.found += [replace(runs.found[-1], id=name, key=name, status=RunStatus.RUNNING) for name in ("driven", "other")]
    with pytest.raises(UsageError, match="runs are unfinished, name the one to resume"):
        finding.only_unfinished(home, runs)
    unfinished = [run.id for run in runs.unfinished()]
    with ExitStack() as driving:
        for name in unfinished[:-1]:
            driving.enter_context(home.driving(name))
        assert finding.only_unfinished(home, runs).id == unfinished[-1]
        driving.enter_context(home.driving(unfinished[-1]))
        with pytest.raises(NotFoundError, match="here, so nothing to resume: a process drives "):
            finding.only_unfinished(home, runs)


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def test_a_file_is_nested_up_to_a_depth(tmp_path: Path):
    assert read_json(nested(DEEPEST))[1] == []
    with pytest.raises(UnreadableError, match="nested at most 100 deep"):
        read_json(nested(DEEPEST + 1))
    yaml_reader.read(nested(DEEPEST))
    with pytest.raises(UnreadableError, match="nested at most 100 deep"):
        yaml_reader.read(nested(DEEPEST + 1))


def refused(folder: Path, text: str) -> list[str]:
    """What is said of a graph file; nothing if it is good."""
    (folder / "g.yaml").write_text(text)
    try:
        load_graph(folder / "g.yaml")
    except InvalidGraphError as error:
        return [line.removeprefix(f"{folder}/") for line in error.lines]
    return []


def test_arguments_are_nested_up_to_a_depth(tmp_path: Path):
    graph = "name: g\nsteps: {{a: {{python: 'm:f', args: {{x: {}}}}}}}"
    assert refused(tmp_path, graph.format(nested(50))) == []
    assert "nested more than 50 deep" in refused(tmp_path, graph.format(nested(51)))[0]


def test_a_file_has_a_bounded_number_of_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(yaml_reader, "MAX_VALUES", 7)
    graph = "name: g\nsteps: {{a: {{command: [{}]}}}}"
    assert refused(tmp_path, graph.format("x, x")) == []
    assert "expected at most 7 values" in refused(tmp_path, graph.format("x, x, x"))[0]


def test_a_graph_has_up_to_so_many_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(build, "MAX_STEPS", 2)
    assert refused(tmp_path, "name: g\nsteps: {a: , b: }") == []
    assert refused(tmp_path, "name: g\nsteps: {a: , b: , c: }") == ["g.yaml:2: steps: expected at most 2 steps, got 3"]


def test_so_many_problems_are_told_one_by_one(tmp_path: Path):
    def lines(problems: int) -> list[str]:
        return refused(tmp_path, "name: g\nsteps:\n" + "\n".join(f"  s{n}: {{zz: 1}}" for n in range(problems)))

    assert len(lines(load.MAX_LINES)) == load.MAX_LINES
    assert lines(load.MAX_LINES + 1)[-1].endswith("and 1 more problems from here on")


def test_an_expression_has_up_to_so_many_letters():
    def pieces(letters: int) -> list[str]:
        return list(template._pieces("{{" + "1".rjust(letters) + "}}"))

    assert pieces(expressions.LONGEST) == ["1"]
    with pytest.raises(expressions.ExpressionError, match="expected '}}' after"):
        pieces(expressions.LONGEST + 1)


def test_an_expression_takes_up_to_so_many_steps(monkeypatch: pytest.MonkeyPatch):
    context = {"params": {"t": "x" * 1_000, "u": "y" * 100}}
    assert evaluate("params.t.rfind(params.u)", context) == -1
    took = MAX_WORK - budget._LOCAL.steps
    assert took == CALL + 1_000 + 100 + 1_000 * 100
    for most in (took, took - 1):
        monkeypatch.setattr(budget, "MAX_WORK", most)
        if most == took:
            assert evaluate("params.t.rfind(params.u)", context) == -1
        else:
            with pytest.raises(expressions.ExpressionError, match=f"this does more than {most:,} units of work"):
                evaluate("params.t.rfind(params.u)", context)


@pytest.mark.parametrize("digits", [MAX_BITS // 4, MAX_BITS // 4 + 1])
def test_an_expression_makes_numbers_up_to_a_bound(digits: int):
    context = {"params": {"t": "f" * digits}}
    if digits * 4 <= MAX_BITS:
        assert evaluate("params.t | int(base=16) > 1", context)
    else:
        with pytest.raises(expressions.ExpressionError, match="this produces a number of more than 10,000 bits"):
            evaluate("params.t | int(base=16) > 1", context)


def test_a_filter_fills_up_to_a_bound():
    assert len(str(evaluate("'x' | center(10000)", {}))) == MAX_FILLED
    with pytest.raises(expressions.ExpressionError, match="at most 10,000 in 'center', got 10,001"):
        evaluate("'x' | center(10001)", {})


def test_an_expression_makes_up_to_a_bound():
    text = (MAX_MADE - 2 * OTHER) // 5  # the length is made too, and then given
    context = {"params": {"t": "x" * text}}
    assert evaluate("(params.t ~ params.t ~ params.t ~ params.t ~ params.t) | length", context) == 5 * text
    with pytest.raises(expressions.ExpressionError, match="this produces more than 10,000,000 characters"):
        evaluate("(params.t ~ params.t ~ params.t ~ params.t ~ params.t ~ 1) | length", context)


def test_so_many_unknown_params_are_told_one_by_one():
    most = params.MAX_UNKNOWN
    assert len(params.misfits([], dict.fromkeys(map(str, range(most))))) == most
    wrong = params.misfits([], dict.fromkeys(map(str, range(most + 3))))
    assert len(wrong) == most + 1
    assert wrong[-1] == (str(most), "this graph has no such param, nor the 2 others that were given")


def test_a_pattern_is_held_against_up_to_so_many_letters():
    most = "x" * patterns.MAX_MATCHED
    assert patterns.mismatch("x*", [most]) is None
    assert patterns.mismatch("x*", [most[:-9], "x" * 9]) is None
    for more in ([most + "x"], [most, "x"]):
        said = "expected at most 100,000 characters where there is a pattern, got 100,001"
        assert patterns.mismatch("x*", more) == said


def test_a_request_is_read_up_to_so_many_flaws():
    most = json_reader.MAX_FLAWS
    for given, noted in ((most, most), (most + 1, most)):
        assert len(read_json(f"[{','.join(['NaN'] * given)}]")[1]) == noted


def test_a_cron_text_has_up_to_so_many_letters():
    assert cron.wrong("0 6 * * *".ljust(cron.LONGEST)) == []
    assert "expected minute, hour" in cron.wrong("0 6 * * *".ljust(cron.LONGEST + 1))[0]


def test_a_duration_is_up_to_ten_years(tmp_path: Path):
    assert refused(tmp_path, "name: g\nsteps: {a: {wait: 3650d}}") == []
    assert "of at most 3650d" in refused(tmp_path, "name: g\nsteps: {a: {wait: 3651d}}")[0]


# What is told.


def test_a_few_messages_of_a_job_are_told_and_as_much_of_each_as_a_person_reads():
    assert explain(["x" * 500, "2", "3"]) == f"{'x' * 500}; 2; 3"
    assert explain(["x" * 501, "2", "3", "4"]) == f"{'x' * 500}…; 2; 3 (and 1 more messages)"


def test_a_log_entry_has_texts_of_a_bounded_length(monkeypatch: pytest.MonkeyPatch):
    written = io.StringIO()
    monkeypatch.setattr("sys.stdout", written)
    logs.log("INFO", "x" * logs._LONGEST, more="y" * (logs._LONGEST + 1))
    said = json.loads(written.getvalue())
    assert (said["message"], said["more"]) == ("x" * 16_000, "y" * 16_000 + "…")
