"""The requirements, variables and secrets of a graph's functions."""

import json

from orchestrator.deployment.lockfile import lock
from tests.unit.lockfile.graphs import (
    FROM,
    Make,
)

BESIDE = {
    "g/graph.yaml": FROM,
    "g/lib/params.py": "def make(): ...\n",
    "g/requirements.txt": "# ours\npandas>=2,<3\nUnidecode[all] ; python_version > '3'\n",
    "g/env": "BUCKET=raw\n# a comment\n\nNOTE = no\nTEXT='two words=2'\n",
    "g/secrets": "TOKEN=warehouse-token\nOLD=old:3\nOTHER=projects/p/secrets/s:latest\n",
}


def test_a_graphs_folder_has_requirements_variables_and_secrets_for_its_functions(make: Make) -> None:
    entry = json.loads(lock(make({**BESIDE, "g/env": "BUCKET=raw\nTEXT='two words=2'\n"})).text())["graphs"]["g"]
    assert {key: entry[key] for key in ("problems", "requirements", "env", "secrets")} == {
        "problems": [],
        "requirements": "g/requirements.txt",
        "env": {"BUCKET": "raw", "TEXT": "two words=2"},
        "secrets": {
            "TOKEN": {"secret": "warehouse-token", "version": "latest", "project": None},
            "OLD": {"secret": "old", "version": "3", "project": None},
            "OTHER": {"secret": "s", "version": "latest", "project": "p"},
        },
    }


def test_what_the_functions_cannot_be_given_is_told_with_its_line(make: Make) -> None:
    folder = make(
        {**BESIDE, "g/requirements.txt": "pandas\n-r more.txt\n", "g/secrets": "A=b\nBUCKET=x\nC=d:e\n\nPORT=f"}
    )
    assert lock(folder).problems == [
        "g/env:4: expected NAME=value, got 'NOTE = no'",
        "g/secrets:3: C: expected a secret's name, name:version, or projects/P/secrets/name, got 'd:e'",
        "g/secrets:5: PORT is reserved by the platform or the orchestrator: choose another name",
        "g/secrets: BUCKET is also set in 'env': remove one of them",
        "g/requirements.txt:2: expected a requirement such as 'pandas>=2,<3', got '-r more.txt': the lines "
        "of all graphs are combined into one file, which cannot have options",
    ]


def test_graphs_that_want_one_variable_to_have_two_values_are_told_so(make: Make) -> None:
    other = {
        "h/graph.yaml": FROM.replace("name: g", "name: h"),
        "h/lib/params.py": "def make(): ...\n",
        "h/env": "BUCKET=b\nA=b\n",
    }
    folder = make({"g/graph.yaml": FROM, "g/lib/params.py": "def make(): ...\n", "g/env": "BUCKET=a\nA=b\n", **other})
    fix = "one process runs the functions of all graphs, so rename it, or use the same value"
    assert lock(folder).problems == [
        f"g: the variable BUCKET has a different value for h/graph.yaml: {fix}",
        f"h: the variable BUCKET has a different value for g/graph.yaml: {fix}",
    ]
