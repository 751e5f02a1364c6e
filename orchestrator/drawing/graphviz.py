"""Renders dot text as PNG or SVG, in a child process with Graphviz and the fonts of this package."""

import base64
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.system.extras import install

#: Seconds. The largest drawing that ``compose`` allows takes three on a slow machine.
TIMEOUT = 120

_HERE = Path(__file__).parent
FONTS = _HERE / "fonts"


def render(dot: str, form: str) -> bytes:
    """The drawing as ``png`` or ``svg``. Raises UsageError if pygraphviz is not installed."""
    if find_spec("pygraphviz") is None:
        raise UsageError(
            f"a .{form} needs pygraphviz, which is not installed: {install('drawing')} (a .mmd needs nothing)"
        )
    command = [sys.executable, "-P", str(_HERE / "paint.py"), form, str(FONTS)]
    try:
        child = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as error:
        raise OrchestratorError(f"Graphviz did not finish the .{form} within {TIMEOUT} s") from error
    if child.returncode or not child.stdout:
        said = child.stderr.decode(errors="replace").strip().splitlines()
        raise OrchestratorError(
            f"Graphviz could not make the .{form}, exit code {child.returncode}: {said[-1] if said else 'no message'}"
        )
    return child.stdout if form == "png" else _with_fonts(child.stdout)


def _with_fonts(svg: bytes) -> bytes:
    """The same with the fonts embedded, so that it looks the same everywhere."""
    faces = b"".join(_face(path, weight) for path, weight in (("regular.ttf", b"normal"), ("bold.ttf", b"bold")))
    end = svg.index(b">", svg.index(b"<svg")) + 1
    return svg[:end] + b"\n<style>" + faces + b"</style>" + svg[end:]


def _face(path: str, weight: bytes) -> bytes:
    data = base64.b64encode((FONTS / path).read_bytes())
    return (
        b"@font-face{font-family:'Orchestrator Sans';font-weight:"
        + weight
        + b";src:url(data:font/ttf;base64,"
        + data
        + b")}"
    )
