"""The documents say what the code does."""

import re
import tomllib
from pathlib import Path

from orchestrator.cli.app import COMMANDS
from orchestrator.core.graph import Schedule
from orchestrator.core.model import Status
from orchestrator.core.rules import IMPATIENT, TriggerRule, Verdict, verdict
from orchestrator.definition.dataflow_keys import DataflowKeys
from orchestrator.definition.functions import missing
from orchestrator.definition.load import load_graph
from orchestrator.definition.schema import CheckKeys, DefaultKeys, GraphKeys, RetryKeys, ScheduleKeys, StepKeys
from orchestrator.deployment import GRANTS
from orchestrator.deployment.lockfile import lock
from tests.terraform.variables import FILES, PAGE, page, variables
from tests.unit.test_rules import joins

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("*.md", "docs/**/*.md", "graphs/**/*.md", "functions/*.md", "benchmarks/*.md")
DOCUMENTS = sorted(path for place in PLACES for path in ROOT.glob(place))
WRAPPED = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(p for f in ("docs", "functions", "benchmarks") for p in ROOT.glob(f"{f}/*.md")),
]
WORDS = {Verdict.SKIP: "skipped", Verdict.UPSTREAM_FAILED: "upstream_failed"}


def rows(document: str) -> dict[str, list[str]]:
    """The table rows of a document that begin with a word of code, by that word."""
    lines = (ROOT / document).read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    return {row[0].strip("`"): row[1:] for row in cells[::-1]}


def test_every_status_is_explained():
    assert set(Status) <= set(rows("docs/lifecycle.md"))


def test_the_table_of_trigger_rules_says_what_each_rule_can_answer():
    table = rows("docs/lifecycle.md")
    for rule in TriggerRule:
        runs, otherwise = table[rule][:2]
        answers = {verdict(rule, join) for join in joins(3, rule)}
        assert {word for verdict, word in WORDS.items() if verdict in answers} == set(
            re.findall(r"`(\w+)`", otherwise)
        ), rule
        assert ("does not wait" in runs or "at once" in runs) == (rule in IMPATIENT), rule


def test_the_graphs_in_the_readme_are_valid(tmp_path: Path):
    text = (ROOT / "README.md").read_text()
    for suffix, language in ((".yaml", "yaml"), (".py", "python")):
        (found,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
        file = tmp_path / f"sales{suffix}"
        file.write_text(found)
        graph = load_graph(file)
        assert graph.name == "daily-sales"
        assert {"extract-orders", "extract-customers"} <= set(graph.by_name["report"].after)
        (tmp_path / suffix).mkdir()
        file.rename(tmp_path / suffix / file.name)
        made = lock(tmp_path / suffix)
        assert made.problems == []
        assert ("sales" in made.graphs, "sales" in made.local) == (suffix == ".yaml", suffix == ".py")


def test_every_key_of_a_graph_file_is_explained():
    text = (ROOT / "docs/graphs.md").read_text()
    models = (GraphKeys, StepKeys, DataflowKeys, DefaultKeys, RetryKeys, CheckKeys, ScheduleKeys)
    keys = {key for model in models for key in model.model_fields}
    assert {key for key in keys if not re.search(rf"\b{key}\b", text)} == set()


def test_the_schedules_in_the_reference_are_valid(tmp_path: Path):
    (found,) = re.findall(r"```yaml\n(schedule: .*?)```", (ROOT / "docs/graphs.md").read_text(), re.DOTALL)
    loaded = []
    for form in found.split("schedule:")[1:]:
        (tmp_path / "g.yaml").write_text(f"name: g\nparams: {{date: today}}\nsteps: {{a: }}\nschedule:{form}")
        loaded.append(load_graph(tmp_path / "g.yaml").schedule)
    assert loaded == [
        Schedule("0 6 * * *"),
        Schedule("0 6 * * 1-5", "Europe/Berlin", {"date": "today"}, paused=True),
    ]


def test_the_python_graph_in_the_reference_is_valid(tmp_path: Path):
    (found,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/graphs.md").read_text(), re.DOTALL)
    (tmp_path / "sales.py").write_text(found)
    graph = load_graph(tmp_path / "sales.py")
    assert graph.by_name["report"].retry.attempts == 3
    assert [problem.path[1] for problem in missing(graph, tmp_path)] == ["extract-customers"]
    (tmp_path / "customers.py").write_text("def extract(): ...\n")
    assert missing(graph, tmp_path) == []
    assert lock(tmp_path).problems == []


def test_the_articles_json_in_the_reference_is_valid_with_its_functions(tmp_path: Path):
    """It had no function for its first step, and a template that is none."""
    page = (ROOT / "docs/graphs.md").read_text()
    (found,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    functions = page.partition(found)[2].partition("```py\n")[2].partition("```")[0]
    for module in ("sales", "functions"):
        folder = tmp_path / module
        folder.mkdir()
        (folder / "sales.json").write_text(found)
        (folder / f"{module}.py").write_text(functions)
        graph = load_graph(folder / "sales.json")
        assert [step.name for step in graph.steps] == ["Start", "Step1", "End"]
        assert missing(graph, folder) == []
        assert lock(folder).problems == []


def test_the_commands_in_the_readme_exist():
    used = set(re.findall(r"^orchestrator (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert used >= {"validate", "plot", "run", "rehearse", "status", "doctor", "start"}
    assert used >= {"explain", "logs", "resume", "cancel", "verify"}  # after a failure
    assert used <= set(COMMANDS)


def test_the_functions_need_what_the_package_and_its_cloud_extra_need():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    needed = {line for line in lines if line and not line.startswith("#")}
    assert needed == {*project["dependencies"], *project["optional-dependencies"]["cloud"]}


def anchors(document: Path) -> set[str]:
    """What GitHub makes of the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_links_between_documents_lead_somewhere():
    broken = []
    for document in DOCUMENTS:
        for target, anchor in re.findall(r"\]\((?![a-z]+:)([^)#]*)(?:#([^)]*))?\)", document.read_text()):
            there = (document.parent / target).resolve() if target else document
            if not there.exists() or (anchor and anchor not in anchors(there)):
                broken.append(f"{document.name}: {target}#{anchor}")
    assert broken == []


def test_the_files_to_touch_for_something_new_are_there():
    """And so is each target of make that the page names."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = [path for line in text.splitlines() if line.startswith("| ") for path in re.findall(r"`([\w./*]+)`", line)]
    paths = [path for path in named if "/" in path or path.endswith((".py", ".txt", ".toml"))]
    assert len(paths) > 30
    places = (ROOT, ROOT / "orchestrator")
    assert [path for path in paths if not any(list(place.glob(path.rstrip("/"))) for place in places)] == []
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", text, re.MULTILINE)) <= targets


def test_every_module_has_a_layer():
    (table,) = re.findall(r"\| layer \|.*?\n\n", (ROOT / "docs/design.md").read_text(), re.DOTALL)
    found = {path.name for path in (ROOT / "orchestrator").glob("[a-z]*.py")}
    found |= {f"{path.parent.name}/" for path in (ROOT / "orchestrator").glob("*/__init__.py")}
    assert set(re.findall(r"`([a-z_]+(?:\.py|/))`", table)) == found


def test_prose_wraps_at_a_hundred_columns():
    """Tables, code, headings and lines that are one link cannot."""
    for document in WRAPPED:
        prose = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL).splitlines()
        long = [line for line in prose if len(line) > 100 and not line.startswith(("|", "#"))]
        assert [line for line in long if not re.search(r"\]\([^)]{60,}\)", line)] == [], document.name


def test_every_row_is_in_a_table():
    """A blank line ends a table: what comes after it needs a line of dashes again."""
    for document in DOCUMENTS:
        blocks = re.findall(r"(?:^\|.*\n)+", document.read_text() + "\n", re.MULTILINE)
        lost = [block for block in blocks if not re.match(r"\|.*\n\|[-:| ]+\|\n", block)]
        assert lost == [], document.name


def test_who_may_do_what_is_said_as_it_is():
    lines = (ROOT / "docs/deploy.md").read_text().splitlines()
    told = [tuple(cell.strip(" `") for cell in line.strip("|").split("|")) for line in lines if "| `roles/" in line]
    assert told == [(grant.who, grant.role, grant.on, grant.why, grant.only) for grant in GRANTS]


def test_the_way_to_a_first_run_takes_fewer_than_ten_commands_that_exist():
    """And each of Terraform's variables that the page names is there."""
    text = (ROOT / "docs/deploy.md").read_text()
    first = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)[0].splitlines()
    assert len(first) < 10
    assert "gcloud auth login && gcloud auth application-default login" in first[0]  # both are needed
    assert any("pip install -e '.[cli,cloud,drawing]'" in line for line in first)
    assert {words for line in first for words in re.findall(r"^orchestrator (\w+)", line)} <= set(COMMANDS)
    declared = set(
        re.findall(r'variable "(\w+)"', "".join(p.read_text() for p in ROOT.glob("terraform/variables*.tf")))
    )
    assert set(re.findall(r"-var '?(\w+)=", text)) <= declared


def test_the_page_of_terraforms_variables_is_made_from_them():
    assert page() == PAGE.read_text(encoding="utf-8"), "docs/variables.md: run 'make variables'"
    text = "".join(path.read_text() for path in FILES)
    found = {variable.name: variable for variable in variables(text)}
    assert len(found) == len(re.findall(r"^variable ", text, re.MULTILINE))
    assert {name for name, variable in found.items() if variable.default is None} == {"project", "region"}
    assert "optional(number, 14)" in found["jobs"].type
    assert found["data_buckets"].description == 'Buckets that jobs may use: name = "read" or "write".'


def test_every_variable_of_terraform_says_what_it_is_for_in_a_sentence():
    """As is every refusal of one: it begins with the name and ends with a full stop."""
    text = "".join(path.read_text() for path in sorted(ROOT.glob("terraform/variables*.tf")))
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.DOTALL | re.MULTILINE)
    assert len(blocks) == text.count("\nvariable ")
    for name, block in blocks:
        (said,) = re.findall(r'^  description = "(.+)"$', block, re.MULTILINE)
        assert re.match(r"[A-Z]", said), (name, said)
        assert said.endswith((".", ":")), (name, said)
        for refusal in re.findall(r'error_message = "(.+)"$', block, re.MULTILINE):
            assert re.match(rf"{name}\b|name and environment", refusal), refusal
