"""What importing costs: the package nothing, expressions and params no more than a cold start can bear."""

import subprocess
import sys

import pytest

import orchestrator

HEAVY = {"networkx", "pydantic", "yaml", "jinja2"}


def _imported(code: str) -> set[str]:
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(result.stdout.split()) & HEAVY


@pytest.mark.parametrize(
    ("code", "heavy"),
    {
        "import orchestrator": set(),
        "from orchestrator import expressions as e; e.render('x', {}); e.references(['y'])": set(),
        "from orchestrator.definition import params": set(),
        "from orchestrator import expressions as e; e.render('{{ 1 }}', {})": {"jinja2"},
        "from orchestrator import load_graph": HEAVY - {"networkx"},
    }.items(),
)
def test_an_import_brings_no_more_than_it_needs(code: str, heavy: set[str]) -> None:
    assert _imported(code) == heavy


def test_the_package_shows_what_it_has() -> None:
    assert {"Graph", "load_graph", "step"} <= set(dir(orchestrator))
    with pytest.raises(AttributeError, match="module 'orchestrator' has no attribute 'nothing'"):
        _ = orchestrator.nothing
