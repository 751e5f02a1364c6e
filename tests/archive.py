"""What of the package the functions import: all that their archive needs, and nothing besides."""

from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]


def imported() -> set[str]:
    """The files of the package that an entry point imports, be it in its last line of code."""
    graph = grimp.build_graph("orchestrator", cache_dir=None)
    main = (ROOT / "functions/main.py").read_text()
    roots = {module for module in graph.modules if f"from {module} import" in main} | {
        f"orchestrator.{name}" for name in ("cloud.logs", "cloud.signals")
    }
    found = set(roots).union(*(graph.find_upstream_modules(root) for root in roots))
    around = {name.rpartition(".")[0] for name in found} - {"", "orchestrator"}
    found |= around.union(*(graph.find_upstream_modules(package) for package in around))  # an import runs them too
    return {_file(name) for name in found | {"orchestrator"}}


def _file(module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}/__init__.py" if (ROOT / path).is_dir() else f"{path}.py"
