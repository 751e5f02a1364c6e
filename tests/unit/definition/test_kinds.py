"""The two tables of kinds agree with each other, with the wirings, the docs and what a Python graph takes."""

import re
from pathlib import Path
from typing import get_type_hints

import pytest

from orchestrator.core.kinds import KINDS, MAP, Kind, in_thread, kind_of
from orchestrator.core.steps import Step, Work
from orchestrator.definition.handles import StepArguments
from orchestrator.definition.kinds import FORM, FORMS, Form, KindArguments, KindKeys, LocalKeys, place
from orchestrator.definition.schema import StepKeys
from orchestrator.home import Home
from orchestrator.local.wiring import embedded
from tests.unit.definition.conftest import Load, Refusal

ROOT = Path(__file__).resolve().parents[3]


def test_every_kind_has_a_form_and_its_keys_are_those_of_a_step() -> None:
    assert [form.kind for form in FORMS] == list(KINDS)
    keys = [key for form in FORMS for key in form.keys.model_fields]
    assert list(KindKeys.model_fields) == keys
    assert get_type_hints(KindArguments).keys() == set(keys)
    assert get_type_hints(StepArguments).keys() == StepKeys.model_fields.keys()
    stand_ins = [key for form in FORMS if form.kind.stand_in for key in form.keys.model_fields]
    assert list(LocalKeys.model_fields) == stand_ins


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.kind.key)
def test_the_example_of_a_kind_is_a_step_of_that_kind(load: Load, form: Form) -> None:
    load("name: load-table\nsteps: {a: {wait: 1s}}", "load-table.yaml")
    graph = load(f"name: g\nsteps:\n  a:\n    {form.kind.key}: {form.example}")
    (step,) = graph.steps
    assert kind_of(step.work) is form.kind
    assert place(step) == ((form.kind.key,) if form.block else ())


@pytest.mark.parametrize("form", [form for form in FORMS if form.block], ids=lambda form: form.kind.key)
def test_an_unknown_key_in_the_block_of_a_kind_is_told_those_that_are_known(refusal: Refusal, form: Form) -> None:
    assert form.block is not None
    (said,) = refusal(f"name: g\nsteps:\n  a:\n    {form.kind.key}: {form.example[:-1]}, zzzz: 1}}")
    assert said.startswith(f"g.yaml:4: step 'a': {form.kind.key}.zzzz: unknown key: the keys here are ")
    assert all(key in said for key in form.block.model_fields)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.kind.key)
def test_the_docs_have_a_row_for_each_kind(form: Form) -> None:
    assert re.search(rf"^\| `{form.kind.key}` \| ", (ROOT / "docs/graphs.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("fake_dataflow", [False, True])
def test_one_machine_runs_the_kinds_that_say_so_and_plays_the_others(tmp_path: Path, fake_dataflow: bool) -> None:
    world = embedded(Home(tmp_path / "home"), 1, fake_dataflow=fake_dataflow)
    world.database.close()
    assert world.engine.ledger.backends.keys() == {
        kind.key for kind in (*KINDS, MAP) if fake_dataflow or kind.on_machine
    }


def test_every_kind_runs_somewhere_and_what_only_the_cloud_runs_is_no_stand_in() -> None:
    assert all(kind.in_cloud or kind.on_machine for kind in KINDS)
    assert not [kind for kind in KINDS if kind.stand_in and not kind.on_machine]


def test_a_step_without_a_kind_and_one_of_an_unknown_kind_are_known_as_such() -> None:
    assert not kind_of(Work()).launch_slot
    assert kind_of(Work("of-a-newer-version")) == Kind("of-a-newer-version")
    assert place(Step("a")) == ()
    assert "none" not in FORM


def test_only_a_function_without_its_own_process_runs_in_a_thread() -> None:
    assert not in_thread(Work("command"))
    assert not in_thread(Work("python", {"isolated": True}))
    assert in_thread(Work("python", {}))
    assert in_thread(Work("call", {}))
