"""Under what licence each package is that is deployed: as the packages that are installed here say of themselves."""

from importlib import metadata

from tests.supply.pins import LOCK, ROOT, read_pins

PAGE = ROOT / "docs" / "licences.md"

#: What may be deployed: licences that ask that their text and notices are passed on, and no more; and the MPL, whose
#: files are deployed unchanged.
ALLOWED = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0"}

#: What packages say that do not say it in SPDX's words.
_SAID = {
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "https://www.apache.org/licenses/LICENSE-2.0": "Apache-2.0",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-Clause OR Apache-2.0": "BSD-3-Clause OR Apache-2.0",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}

#: Read in the packages' own texts, since they only say "BSD".
_READ = {"itsdangerous": "BSD-3-Clause", "jinja2": "BSD-3-Clause", "pyasn1-modules": "BSD-2-Clause"}

_HEAD = """# Licences of what is deployed

Each package in `requirements.lock`, with the licence that it declares. `make licences` writes this
page. `tests/unit/test_supply.py` compares it with the lock file, with what the packages declare,
and with the licences that are allowed.

| package | licence |
| --- | --- |
"""


def licence(name: str) -> str | None:
    """The licence of an installed package, in SPDX's words; None if it is not installed here."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    if name in _READ:
        return _READ[name]
    classifiers = [one for one in about.get_all("Classifier") or [] if one.startswith("License ::")]
    said = about.get("License-Expression") or about.get("License") or next(iter(classifiers), "nothing")
    first = said.strip().partition("\n")[0]
    return _SAID.get(first, first)


def allowed(expression: str) -> bool:
    """Whether one of the licences between which one may choose is allowed."""
    return any(choice in ALLOWED for choice in expression.split(" OR "))


def page() -> str:
    """The page as it should be. What is not installed here keeps its line."""
    before = rows(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    names = sorted({pin.name for pin in read_pins(LOCK.read_text(encoding="utf-8"))})
    return _HEAD + "".join(f"| {name} | {licence(name) or before.get(name, 'unknown')} |\n" for name in names)


def rows(text: str) -> dict[str, str]:
    """Package -> licence, of a page."""
    lines = text.partition("| --- | --- |\n")[2].splitlines()
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {row[0]: row[1] for row in cells}
