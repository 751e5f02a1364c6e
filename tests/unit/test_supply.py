"""What is deployed is pinned by hashes, and under licences that allow it."""

import shutil
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.version import Version

from tests.supply.licences import ALLOWED, PAGE, allowed, licence, page, rows
from tests.supply.pins import FIX, LOCK, REQUIREMENTS, Pin, compiled, read_pins

#: What uv says where the package index cannot be reached.
UNREACHABLE = ("error sending request", "Failed to fetch", "dns error", "Could not connect", "network was disabled")

PINS = read_pins(LOCK.read_text(encoding="utf-8"))


def test_a_pin_is_read_with_its_marker_and_its_hashes():
    first = "# by uv\na-b==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via c\n"
    second = "c==2 ; python_version < '3.12' \\\n    --hash=sha256:cc\n"
    assert read_pins(f"{first}{second}d==3\n") == [
        Pin("a-b", "1.0", "", ("sha256:aa", "sha256:bb")),
        Pin("c", "2", " ; python_version < '3.12'", ("sha256:cc",)),
        Pin("d", "3", "", ()),
    ]


def test_every_line_of_the_lock_is_a_pin_with_hashes():
    lines = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if line[:1].isalnum()]
    assert [line.rstrip(" \\") for line in lines] == [pin.text for pin in PINS]
    assert [pin.text for pin in PINS if not pin.hashes] == []


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_each_requirement_is_pinned_once_for_each_python_at_a_version_that_fits(python: str):
    here = {"python_version": python, "python_full_version": f"{python}.0"}
    wanted = [line for line in REQUIREMENTS.read_text().splitlines() if line and not line.startswith("#")]
    for one in map(Requirement, wanted):
        found = [pin for pin in PINS if pin.name == one.name.lower()]
        there = [pin for pin in found if not pin.marker or Marker(pin.marker.removeprefix(" ; ")).evaluate(here)]
        assert [one.specifier.contains(Version(pin.version)) for pin in there] == [True], f"{one}: fix it by '{FIX}'"


@pytest.mark.slow
def test_the_lock_is_what_uv_makes_of_the_requirements(tmp_path: Path):
    made = tmp_path / LOCK.name
    shutil.copy(LOCK, made)
    done = compiled(made)
    if done.returncode and any(said in done.stderr for said in UNREACHABLE):
        pytest.skip("uv cannot reach the package index")
    assert done.returncode == 0, done.stderr
    assert made.read_text() == LOCK.read_text(), f"{LOCK.name} is not what uv makes of {REQUIREMENTS.name}: '{FIX}'"


@pytest.mark.slow
def test_a_requirement_that_the_lock_does_not_hold_is_a_drift(tmp_path: Path):
    """The check above can fail: a lock without a pin is made whole."""
    made = tmp_path / LOCK.name
    text = LOCK.read_text()
    made.write_text(text.replace(text[text.index("\nwerkzeug==") :], "\n"))
    done = compiled(made)
    if done.returncode and any(said in done.stderr for said in UNREACHABLE):
        pytest.skip("uv cannot reach the package index")
    assert "werkzeug" in {pin.name for pin in read_pins(made.read_text())}


def test_each_package_is_listed_under_a_licence_that_is_allowed():
    assert page() == PAGE.read_text(encoding="utf-8"), "docs/licences.md: fix it by 'make licences'"
    listed = rows(PAGE.read_text(encoding="utf-8"))
    assert listed.keys() == {pin.name for pin in PINS}
    assert {name: said for name, said in listed.items() if not allowed(said)} == {}


def test_a_licence_that_is_not_allowed_is_found():
    assert not allowed("GPL-3.0-or-later")
    assert not allowed("unknown")
    assert allowed("GPL-3.0-or-later OR MIT")
    assert licence("no-such-package") is None
    assert licence("pydantic") in ALLOWED
