"""Which graphs are deployed, and which must say that they are not."""

from orchestrator.deployment.lockfile import Lock, lock
from orchestrator.deployment.lockfile.entry import Local
from tests.unit.lockfile.graphs import LOCAL, PLAIN, UNSAID, Make


def test_a_graph_that_says_so_is_not_deployed(make: Make) -> None:
    made = lock(make({"here.yaml": LOCAL, "kept.yaml": f"{PLAIN}deploy: false\n"}))
    assert made == Lock(
        local={
            "here": Local("here.yaml", "it says deploy: false"),
            "kept": Local("kept.yaml", "it says deploy: false"),
        }
    )


def test_a_graph_that_has_steps_of_one_machine_must_say_that_it_is_not_deployed(make: Make) -> None:
    """A step that is changed in one graph of many must not take its graph out of production without a word."""
    steps = ", ".join(f"s{number}: {{command: ls}}" for number in range(8))
    made = lock(
        make({"many.yaml": f"name: many\nsteps: {{{steps}}}", "one.yaml": "name: o\nsteps: {a: {python: m:f}}"})
    )
    fix = "use a dataflow step with this as its local block, or write deploy: false at the top of the graph"
    assert made.local == {}
    assert made.problems == [
        "many.yaml:2: step 's0': command: expected a graph that can be deployed, but steps s0, s1, s2, s3, s4 and 3 "
        f"more run on one machine only: {fix}",
        f"one.yaml:2: step 'a': python: expected a graph that can be deployed, but step a runs on one "
        f"machine only: {fix}",
    ]


def test_what_stands_in_on_one_machine_does_not_keep_a_graph_there(make: Make) -> None:
    folder = make(
        {"a.yaml": "name: a\nsteps: {a: {dataflow: {template: gs://b/t}, local: {command: ls}}, b: {wait: 1s}}"}
    )
    assert list(lock(folder).graphs) == ["a"]


def test_a_graph_of_one_machine_has_a_schedule_only_for_serve(make: Make) -> None:
    folder = make({"here.yaml": UNSAID + 'schedule: "0 6 * * *"', "kept.yaml": LOCAL + 'schedule: "0 6 * * *"'})
    assert list(lock(folder).local) == ["kept"]
    assert lock(folder).problems == [
        "here.yaml:3: schedule: expected a graph that can be deployed, but steps a and c run on one machine only "
        "(command or python): use dataflow steps, or write deploy: false: then 'orchestrator serve' starts it on one "
        "machine",
    ]


def test_a_graph_that_a_step_runs_must_be_deployed_too(make: Make) -> None:
    """The cloud reads it when a run of the other starts. By its path, it is found where no deployed graph is."""
    steps = "{inner: {graph: parts/inner.yaml}, each: {map: [1], graph: ../far.yaml}, known: {graph: plain}}"
    folder = make({"outer.yaml": f"name: outer\nsteps: {steps}\n", "plain.yaml": PLAIN, "parts/inner.yaml": PLAIN})
    (folder.parent / "far.yaml").write_text(PLAIN)
    where = "is not deployed: it is no graph of the folder that is locked"
    fix = "put it there, as a file or as graph.yaml in a folder, or write deploy: false at the top of this one"
    assert lock(folder).problems == [
        f"outer.yaml:2: step 'inner': graph: the graph in 'parts/inner.yaml' {where}: {fix}",
        f"outer.yaml:2: step 'each': graph: the graph in '../far.yaml' {where}: {fix}",
    ]
    (folder / "outer.yaml").write_text(f"name: outer\nsteps: {steps}\ndeploy: false\n")
    assert lock(folder).problems == []
    (folder / "outer.yaml").write_text("name: outer\nsteps: {a: {graph: plain.yaml}}\n")
    assert lock(folder).problems == []
