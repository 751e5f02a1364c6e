"""``python -m tests.supply``: write ``requirements.lock`` (pins), ``docs/licences.md`` or ``sbom.cdx.json``."""

import argparse
import subprocess
import sys
from collections.abc import Sequence

from tests.supply.licences import PAGE, page
from tests.supply.pins import LOCK, ROOT, compiled

SBOM = ROOT / "sbom.cdx.json"

#: Of terraform/variables-functions.tf, ``runtime``: what is installed depends on it.
DEPLOYED = "3.13"

#: Lists what is installed, with hashes, licences and addresses, in the format of OWASP's CycloneDX.
_MAKER = "cyclonedx-bom>=7,<8"


def pins(more: Sequence[str]) -> int:
    done = compiled(LOCK, *more)
    sys.stderr.write(done.stderr)
    return done.returncode


def licences() -> int:
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def sbom() -> int:
    """Install the lock into an empty environment, by its hashes, and list what is there."""
    uv, place = [sys.executable, "-m", "uv"], ROOT / ".venv" / "deployed"
    if subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", DEPLOYED, str(place)], check=False).returncode:
        print(f"not made: it takes Python {DEPLOYED}, which the functions run on, and there is none here")
        return 1
    hashed = ["--require-hashes", "--requirement", str(LOCK)]
    subprocess.run([*uv, "pip", "install", "--quiet", "--python", str(place), *hashed], check=True)
    made = ["cyclonedx-py", "environment", "--output-reproducible", "--output-file", str(SBOM)]
    subprocess.run([*uv, "tool", "run", "--quiet", "--from", _MAKER, *made, str(place / "bin" / "python")], check=True)
    print(f"{SBOM}: of what is deployed")
    return 0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.supply", description=__doc__)
    parser.add_argument("what", choices=["pins", "licences", "sbom"])
    chosen, more = parser.parse_known_args(arguments)
    return pins(more) if chosen.what == "pins" else licences() if chosen.what == "licences" else sbom()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
