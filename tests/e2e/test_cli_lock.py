"""``lock`` on the command line; and the graph that needs nothing of one's own."""

import shutil

from tests.e2e.command_line import ROOT, Place

JOB = "name: sales\nsteps: {a: {dataflow: {template: gs://b/t.json}}}\n"
UNSAID = "name: here\nsteps: {a: {command: ls}}\n"
LOCAL = f"deploy: false\n{UNSAID}"


def test_lock_writes_what_is_deployed_and_says_what_is_not(place: Place) -> None:
    place.write("graphs/sales.yaml", JOB)
    place.write("graphs/here/graph.yaml", LOCAL)
    said = place.look("lock")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "graphs/graphs.lock: 1 graph in 1 file",
        "graphs/here/graph.yaml: not deployed: it says deploy: false",
    ]
    assert place.look("lock", "--json").out == place.read("graphs/graphs.lock")
    assert place.look("lock", "--check").out.splitlines()[0] == "graphs/graphs.lock: 1 graph in 1 file, up to date"


def test_a_graph_does_not_go_missing_because_of_a_step_that_was_added(place: Place) -> None:
    place.write("graphs/here/graph.yaml", UNSAID)
    said = place.look("lock")
    assert (said.code, said.err) == (
        2,
        "graphs/here/graph.yaml:2: step 'a': command: expected a graph that can be deployed, but step a runs "
        "on one machine only: use a dataflow step with this as its local block, or write deploy: false "
        "at the top of the graph\n",
    )


def test_a_lock_is_written_with_its_problems_and_they_are_told(place: Place) -> None:
    place.write("graphs/sales.yaml", JOB.replace("template", "tmplate"))
    wrong = [
        "sales.yaml:2: step 'a': dataflow.tmplate: unknown key (did you mean 'template'?)",
        "sales.yaml:2: step 'a': dataflow.template: expected a value, got none",
    ]
    said = place.look("lock")
    assert (said.code, said.out) == (
        2,
        "graphs/graphs.lock: 0 graphs in 1 file; 'terraform plan' fails until the problems are fixed\n",
    )
    assert sorted(said.err.splitlines()) == sorted(f"graphs/{line}" for line in wrong)
    said = place.look("lock", "--check", "--json")
    assert (said.code, sorted(said.json["graphs"]["sales"]["problems"])) == (2, sorted(wrong))


def test_check_writes_nothing_and_names_what_has_changed(place: Place) -> None:
    place.write("graphs/sales.yaml", JOB)
    said = place.look("lock", "--check")
    assert (said.code, said.err) == (2, "graphs/graphs.lock: there is no such file: run 'orchestrator lock'\n")
    assert not (place.folder / "graphs/graphs.lock").exists()
    assert place.look("lock").code == 0
    place.write("graphs/sales.yaml", JOB + "# changed\n")
    place.write("graphs/new.yaml", JOB.replace("sales", "new"))
    said = place.look("lock", "--check")
    assert said.code == 2
    assert said.err.splitlines() == [
        "graphs/new.yaml: graph 'new' was added since the graphs were locked: run 'orchestrator lock'",
        "graphs/sales.yaml: this file was changed since the graphs were locked: run 'orchestrator lock'",
    ]


def test_another_folder_is_locked_as_well_and_must_be_there(place: Place) -> None:
    place.write("of mine/sales.yaml", JOB)
    assert place.look("lock", "of mine").out == "of mine/graphs.lock: 1 graph in 1 file\n"
    place.write("of mine/sales.yaml", JOB + "#")
    fix = "run 'orchestrator lock 'of mine''"
    assert place.look("lock", "of mine", "--check").err == (
        f"of mine/sales.yaml: this file was changed since the graphs were locked: {fix}\n"
    )
    said = place.look("lock")
    assert (said.code, said.err) == (2, "error: graphs: there is no such folder\n")


def test_the_graphs_of_the_repository_are_locked_from_wherever_in_it(place: Place) -> None:
    place.write("graphs/sales.yaml", JOB)
    place.write("sub/.keep", "")
    inner = Place(place.folder / "sub")
    assert inner.look("lock").out == "../graphs/graphs.lock: 1 graph in 1 file\n"
    assert inner.look("lock", "--check").code == 0
    assert inner.look("graphs").out == "sales  ../graphs/sales.yaml\n"


def test_the_word_count_runs_on_one_machine(place: Place) -> None:
    shutil.copytree(ROOT / "graphs" / "wordcount", place.folder / "graphs" / "wordcount")
    said = place.run("wordcount", "--param", "bucket=none", "--run-id", "w1")
    assert (said.code, said.json["status"]) == (0, "succeeded")
    assert {name: step["outputs"] for name, step in said.json["steps"].items()} == {
        "hamlet": {"words": 88, "different": 58},
        "kinglear": {"words": 66, "different": 60},
        "macbeth": {"words": 79, "different": 63},
        "in-how-many": {"words": 58 + 60 + 63, "different": 156},
    }
    lines = place.read(".orchestrator/runs/w1/data/in-how-many-00000-of-00001").splitlines()
    assert {line for line in lines if line.endswith(": 3")} == {
        f"{word}: 3" for word in ("to", "the", "and", "And", "That", "s")
    }


def test_a_map_is_named_as_one_step_and_what_has_problems_is_not_up_to_date(place: Place) -> None:
    place.write("graphs/here.yaml", "name: here\nsteps: {each: {map: [1, 2], command: ls}}\n")
    assert "got" not in place.look("lock").err
    said = place.look("lock", "--check")
    assert (said.code, said.out) == (2, "graphs/graphs.lock: 0 graphs in 1 file\n")
    assert "step 'each': map: expected a graph that can be deployed, but step each runs on one machine" in said.err
