"""The table of programs has one row for each."""

import re
from itertools import combinations

from orchestrator.expressions.shell.facts import Program
from orchestrator.expressions.shell.names import known
from orchestrator.expressions.shell.programs import PROGRAMS

NAMES = [name for row in PROGRAMS for name in row.names.split()]
FAMILIES = [row.family for row in PROGRAMS if row.family]

#: Members of the families.
MEMBERS = re.findall(
    r"\S+",
    """sh bash dash sh5 bash-5.2 bash_static rbash ash rash ksh zsh rksh zksh rzsh mksh lksh oksh loksh pdksh yash posh
    hush gash osh bosh pbosh msh mrsh smoosh ksh93 zsh-5.9 fish csh tcsh bsd-csh bsd-tcsh nu xonsh elvish rc es scsh ion
    murex ysh oil pwsh powershell ngs fish3 python python3 python3.11 pypy pypy3.10 perl perl5.36 ruby ruby3.2 lua
    lua5.4 julia groovy scala elixir osascript Rscript php php8.2 tclsh tclsh8.6 wish""",
)


def test_a_program_has_one_row() -> None:
    assert sorted(NAMES) == sorted(set(NAMES))
    assert all(bool(row.names) != bool(row.family) for row in PROGRAMS)


def test_a_family_has_no_member_with_another_row() -> None:
    assert [(name, family) for name in NAMES for family in FAMILIES if re.fullmatch(family, name)] == []
    assert [
        (name, one, other)
        for name in MEMBERS
        for one, other in combinations(FAMILIES, 2)
        if re.fullmatch(one, name) and re.fullmatch(other, name)
    ] == []


def test_each_row_says_something() -> None:
    assert [row for row in PROGRAMS if row in (Program(row.names), Program(family=row.family))] == []


def test_a_program_is_found_by_its_exact_name() -> None:
    for row in PROGRAMS:
        assert all(known(name) is row for name in row.names.split())
        assert not row.family or any(known(name) is row for name in MEMBERS)
    assert all(known(name).family for name in MEMBERS)
    assert [known(name) for name in ("", "mytool", "/bin/cat", "cats", "python-x", "bash5x")] == [Program()] * 6
