"""Users' modules, each folder's under names of its own: all that users do with modules, in two folders at once."""

import importlib
import importlib.util
import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.definition.load import load_graph
from orchestrator.jobs.python.functions import describe, resolve
from orchestrator.usercode import fresh, imported, lies_beside, names, plain, printing_aside
from orchestrator.usercode.shared_modules import StandIn

#: The same in each folder, but for NAME.
SHARED = {
    "common.py": "NAME = {name!r}\nclass Row:\n    pass\n",
    "tables/__init__.py": "from common import NAME\n",
    "tables/orders.py": "from . import NAME\nfrom .deep import place\nfrom ..common import Row\nN = NAME, place.NAME\n",
    "tables/deep/place.py": "import common as c\nNAME = c.NAME\n",
    "tables/rows.csv": "{name}",
    "spaces/inner/far.py": "import common\nNAME = common.NAME\n",
    "data/rows.csv": "{name}",
}

#: What is in each folder's ``use.py``: it must give the folder's NAME. None of it imports anything before it is called.
USES = {
    "import": "import common; return common.NAME",
    "import as": "import common as c; return c.NAME",
    "from": "from common import NAME; return NAME",
    "star": "scope = {{}}; exec('from common import *', scope); return scope['NAME']",
    "package": "import tables; return tables.NAME",
    "submodule": "import tables.orders; return tables.orders.NAME",
    "submodule as": "import tables.orders as o; return o.NAME",
    "from package": "from tables import orders; return orders.N[0]",
    "relative": "from tables.orders import N; return N[1]",
    "relative at the top": "from . import common; return common.NAME",
    "relative names": "from .common import NAME; return NAME",
    "package without a file": "import spaces.inner.far; return spaces.inner.far.NAME",
    "inside a package without a file": "from tables.deep.place import NAME; return NAME",
    "__import__": "return __import__('common').NAME",
    "import_module": "import importlib; return importlib.import_module('common').NAME",
    "import_module below": "from importlib import import_module; return import_module('tables.orders').NAME",
    "import_module relative": "from importlib import import_module; return import_module('.common', __package__).NAME",
    "find_spec": "import importlib.util as u; return read(u.find_spec('common').origin)[8:11]",
    "find_spec below": "import importlib.util as u; return read(u.find_spec('tables.orders').origin) and '{name}'",
    "exec": "scope = {{}}; exec('import common', scope); return scope['common'].NAME",
    "eval": "return eval('__import__(\"common\").NAME', {{}})",
    "comprehension": "return [__import__('common').NAME for _ in range(1)][0]",
    "thread": "import threading, common; found = []\n    t = threading.Thread(target=lambda: found.append(late()))\n"
    "    t.start(); t.join(); return found[0]",
    "file": "from pathlib import Path; return (Path(__file__).parent / 'data/rows.csv').read_text()",
    "file of a package": "import tables, os; return read(os.path.join(os.path.dirname(tables.__file__), 'rows.csv'))",
    "resources": "from importlib.resources import files; return (files('tables') / 'rows.csv').read_text()",
    "resources of a module": "import tables\n    from importlib import resources\n"
    "    return resources.files(tables).joinpath('rows.csv').read_text()",
    "get_data": "import pkgutil; return pkgutil.get_data('tables', 'rows.csv').decode()",
    "resolve_name": "import pkgutil; return pkgutil.resolve_name('common:NAME')",
    "mock": "from unittest import mock\n    with mock.patch('common.NAME', 'mocked'): assert late() == 'mocked'\n"
    "    return late()",
    "pickle": "import pickle, common; return type(pickle.loads(pickle.dumps(common.Row()))) is common.Row and '{name}'",
    "pickle of a bare name": "import pickle; return pickle.loads(b'ccommon\\nNAME\\n.')",
    "pickle of a bare name in Python": "import pickle; return pickle._loads(b'ccommon\\nNAME\\n.')",
    "pickle of a bare name below": "import pickle; return pickle.loads(b'ctables.orders\\nNAME\\n.')",
    "builtins": "import builtins; return builtins.__import__('common').NAME",
    "builtins below": "import builtins; return builtins.__import__('tables.orders').orders.NAME",
    "builtins with names": "import builtins; return builtins.__import__('tables.orders', fromlist=['NAME']).NAME",
    "importlib.__import__": "import importlib; return importlib.__import__('common').NAME",
    "pydoc": "import pydoc; return pydoc.locate('common.NAME')",
    "pydoc below": "import pydoc; return pydoc.locate('tables.orders.NAME')",
    "runpy": "import runpy; return runpy.run_module('common')['NAME']",
    "runpy below": "import runpy; return runpy.run_module('tables.deep.place')['NAME']",
    "runpy of a file": "import runpy; return runpy.run_path(__file__.replace('use.py', 'common.py'))['NAME']",
    "dataclass": "return Plan(1).named()",
    "hints": "import typing; return typing.get_type_hints(Plan)['names'] == 'list[int]' or '{name}'",
    "getsource": "import inspect, common; return '{name}' if 'NAME = ' in inspect.getsource(common) else ''",
    "source of a function": "import inspect; return '{name}' if 'from common' in inspect.getsource(late) else ''",
    "reload": "import importlib, common; return importlib.reload(common).NAME",
    "sys.modules": "import sys, common; return sys.modules[common.__name__].NAME",
    "itself": "import use; return use.late()",
    "own module by name": "import sys; return sys.modules[__name__].late()",
}
MODULE = """\
from __future__ import annotations
from dataclasses import dataclass
@dataclass
class Plan:
    number: int
    names: list[int] = ()
    def named(self):
        return late()
def late():
    from common import NAME
    return NAME
def read(path):
    with open(path) as file:
        return file.read()
"""


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    made = []
    for name in ("one", "two"):
        uses = "".join(f"def use{number}():\n    {text}\n" for number, text in enumerate(USES.values()))
        for file, text in {**SHARED, "use.py": MODULE + uses.replace("{{}}", "{}")}.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{name!r}", repr(name)).replace("{name}", name))
        made.append(str(tmp_path / name))
    return made


def both_at_once(functions: list[Callable[[], object]]) -> list[object]:
    """What each returns or raises, called in threads of their own that begin together."""
    found: list[object] = [None] * len(functions)
    begin = threading.Barrier(len(functions))

    def call(number: int) -> None:
        begin.wait()
        try:
            found[number] = functions[number]()
        except BaseException as error:  # noqa: BLE001 - it is what came of it
            found[number] = error

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("way", USES)
def test_whatever_way_a_module_is_asked_for_it_is_the_folders_own(folders: list[str], way: str) -> None:
    number = list(USES).index(way)
    functions = [resolve(f"use:use{number}", folder) for folder in folders]
    assert both_at_once(functions) == ["one", "two"]
    assert both_at_once(functions[::-1]) == ["two", "one"]


@pytest.mark.parametrize("way", USES)
def test_it_is_also_where_folders_of_graphs_were_put_into_the_path(
    folders: list[str], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``sys.path.insert(0, os.path.dirname(__file__))`` does, in both graphs, at the top of their files."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    for folder in folders:
        path = Path(folder, "use.py")
        text = path.read_text().replace(
            "import dataclass\n", "import dataclass\nimport sys\nsys.path.insert(0, HERE)\n"
        )
        path.write_text(text.replace("HERE", repr(folder)))
    number = list(USES).index(way)
    functions = [resolve(f"use:use{number}", folder) for folder in folders]
    assert both_at_once(functions) == ["one", "two"]
    assert both_at_once(functions[::-1]) == ["two", "one"]
    assert isinstance(sys.modules.get("common", StandIn("common")), StandIn)


def test_nobody_gets_what_lies_beside_another_graph(folders: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [folders[0], *sys.path])
    Path(folders[0], "only_one_has_it.py").write_text("NAME = 'one'\n")
    Path(folders[1], "asks.py").write_text(
        "import builtins, importlib, pickle, pydoc, runpy\n"
        "def f1(): import only_one_has_it\n"
        "def f2(): builtins.__import__('only_one_has_it')\n"
        "def f3(): importlib.import_module('only_one_has_it')\n"
        "def f4(): pickle.loads(b'conly_one_has_it\\nNAME\\n.')\n"
        "def f5(): runpy.run_module('only_one_has_it')\n"
    )
    imported("common", folders[0])  # so that it is known whose folder that is
    for number in range(1, 6):
        with pytest.raises(ImportError, match="No module named 'only_one_has_it' for all graphs: it is"):
            resolve(f"asks:f{number}", folders[1])()
    with pytest.raises(ImportError, match="No module named 'only_one_has_it' for all graphs"):
        importlib.import_module("only_one_has_it")
    assert "only_one_has_it" not in sys.modules


def test_nothing_of_the_whole_process_is_changed_but_modules_of_the_folders_own(folders: list[str]) -> None:
    path, modules, stdout = list(sys.path), dict(sys.modules), sys.stdout
    for folder in folders:
        resolve("use:use0", folder)()
    new = {name for name in sys.modules if name not in modules}
    own = {name for name in new if name.startswith("orchestrator.usercode._2f")}
    assert {plain(name) for name in own} == {"use", "common", *(name for name in own if name.count(".") == 2)}
    assert new - own == set()
    assert all(sys.modules[name] is module for name, module in modules.items())
    assert (sys.path, sys.stdout) == (path, stdout)


def test_a_folder_below_that_users_put_into_the_path_is_their_graphs_own(
    folders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever does it changes the whole process, and still no graph gets another one's modules."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    link = Path(folders[0]).parent / "link"
    link.symlink_to(folders[0])
    for folder in folders:
        (Path(folder) / "lib").mkdir()
        text = f"import common\nNAME = common.NAME + {Path(folder).name!r}\n"
        (Path(folder) / "lib" / "inner.py").write_text(text)
        text = (
            "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).resolve().parent / 'lib'))\n"
        )
        text += "import inner\ndef f():\n    import inner as late\n    return late.NAME\n"
        Path(folder, "paths.py").write_text(text)
    functions = [resolve("paths:f", folder) for folder in (*folders, str(link))]
    assert both_at_once(functions) == ["oneone", "twotwo", "oneone"]
    assert "inner" not in sys.modules


def test_an_environment_in_a_graphs_folder_is_everybodys(tmp_path: Path) -> None:
    """As in a repository with graphs at its root, and .venv beside them."""
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "installed_there.py").write_text("")
    (tmp_path / "uses.py").write_text("import installed_there\ndef f(): return installed_there.__name__\n")
    program = f"from orchestrator.jobs.python.functions import resolve; print(resolve('uses:f', {str(tmp_path)!r})())"
    path = os.pathsep.join([str(tmp_path / "env"), *filter(None, sys.path)])
    done = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": path}, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "installed_there"


def test_what_python_and_packages_bring_is_imported_as_ever(folders: list[str]) -> None:
    text = "import os.path, json.decoder, yaml\nfrom collections import abc\ndef f(): return [os, json, yaml, abc]\n"
    Path(folders[0], "uses_others.py").write_text(text)
    yaml = importlib.import_module("yaml")
    assert resolve("uses_others:f", folders[0])() == [sys.modules["os"], json, yaml, sys.modules["collections.abc"]]


@pytest.mark.parametrize(
    ("files", "top", "there"),
    [
        ({"json.py": ""}, "json", True),  # as beside a script
        ({"yaml/__init__.py": ""}, "yaml", True),
        ({"yaml/x.csv": ""}, "yaml", False),
        ({"yaml/x.py": ""}, "yaml", False),  # a package with a file is nearer than one without, wherever it is
        ({"google/x.csv": ""}, "google", False),
        ({"tables/x.csv": ""}, "tables", False),
        ({"tables/deep/x.py": ""}, "tables", True),
        ({"sys.py": "", "os.py": "", "orchestrator.py": ""}, "sys", False),
        ({"sys.py": "", "os.py": "", "orchestrator.py": ""}, "os", False),
        ({"sys.py": "", "os.py": "", "orchestrator.py": ""}, "orchestrator", False),
        ({}, "", False),
        ({}, "..", False),
    ],
)
def test_what_lies_beside_is_what_a_script_there_would_import(
    tmp_path: Path, files: dict[str, str], top: str, there: bool
) -> None:
    for file, text in files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    assert lies_beside(str(tmp_path), top) is there


ABSENT = {
    "import nothing_here": "No module named 'nothing_here'",
    "import common.nothing": "No module named 'common.nothing'; 'common' is not a package",
    "import tables.nothing": "No module named 'tables.nothing'",
    "from common import nothing": "cannot import name 'nothing' from 'common' (common.py)",
    "import common; common.nothing": "module 'common' has no attribute 'nothing'",
    "import importlib; importlib.import_module('nothing_here')": "No module named 'nothing_here'",
    "import importlib; importlib.import_module('tables.nothing')": "No module named 'tables.nothing'",
}


@pytest.mark.parametrize("code", ABSENT)
def test_what_is_not_there_is_said_in_the_users_words(folders: list[str], code: str) -> None:
    Path(folders[0], "absent.py").write_text(f"def f():\n    {code}\n")
    with pytest.raises((ImportError, AttributeError)) as raised:
        resolve("absent:f", folders[0])()
    assert plain(str(raised.value)).replace(f"{folders[0]}/", "") == ABSENT[code]
    assert describe(raised.value).replace(f"{folders[0]}/", "").endswith(f"{ABSENT[code]} (absent.py:2)")


def test_a_graphs_own_file_and_its_neighbours_are_read_anew_each_time_and_leave_nothing(folders: list[str]) -> None:
    text = "from orchestrator import Graph\nimport common\nfrom . import tables\nfrom use import late\n"
    text += "import graph as itself\nassert itself.common is common\n"
    text += "graph = Graph(f'g-{common.NAME}-{late()}-{tables.NAME}')\ngraph.step('a', call=late)\n"
    for folder in folders:
        Path(folder, "graph.py").write_text(text)
    load_graph(f"{folders[0]}/graph.py")  # which may be the first of all that reads a file
    before = set(sys.modules)
    for folder in folders:
        name = Path(folder).name
        assert load_graph(f"{folder}/graph.py").name == f"g-{name}-{name}-{name}"
        assert load_graph(f"{folder}/graph.py").by_name["a"].work.spec == {"function": "use:late"}
        Path(folder, "common.py").write_text("NAME = 'another'\n")
        assert load_graph(f"{folder}/graph.py").name == "g-another-another-another"
    assert set(sys.modules) == before


def test_eight_graphs_of_one_helpers_name_are_read_at_once(tmp_path: Path) -> None:
    files = []
    for number in range(8):
        folder = tmp_path / f"g{number}"
        folder.mkdir()
        (folder / "common.py").write_text(
            f"import time\nprint('not to be seen')\ntime.sleep(0.001)\nNAME = 'g{number}'\n"
        )
        text = "from orchestrator import Graph\nimport common\ndef f():\n    import common\n    return common.NAME\n"
        (folder / "graph.py").write_text(text + "graph = Graph(common.NAME)\ngraph.step(f())\n")
        files.append(folder / "graph.py")
    stdout = sys.stdout
    found = both_at_once([lambda file=file: load_graph(file) for file in files * 4])  # type: ignore[misc]
    assert [(graph.name, graph.steps[0].name) for graph in found] == [(f"g{n}", f"g{n}") for n in range(8)] * 4  # type: ignore[attr-defined]
    assert sys.stdout is stdout


def test_what_a_thread_prints_aside_is_not_mixed_with_what_others_print(capsys: pytest.CaptureFixture[str]) -> None:
    met, stdout = threading.Barrier(2, timeout=180), sys.stdout

    def aside() -> None:
        with printing_aside():
            met.wait()
            print("aside")
            met.wait()

    def others() -> None:
        met.wait()
        print("as ever")
        met.wait()

    assert both_at_once([aside, others]) == [None, None]
    assert capsys.readouterr() == ("as ever\n", "aside\n")
    assert sys.stdout is stdout


def test_another_process_can_import_a_module_by_the_name_that_it_has_here(folders: list[str]) -> None:
    """What ``multiprocessing`` spawns reads what its parent has pickled."""
    row = imported("common", folders[1]).Row()
    program = "import pickle, sys; row = pickle.load(sys.stdin.buffer); print(type(row).__module__)"
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(row), capture_output=True, check=True)
    assert done.stdout.decode().strip() == type(row).__module__


@pytest.mark.parametrize("folder", ["/graphs/one", "/", "/a b/ü/_x/..", "/\udcff", "/2f_2f", "/a__1"])
def test_a_name_tells_its_folder(folder: str) -> None:
    for number in (None, 0, 17):
        said = names.token(folder, number)
        assert said.isidentifier()
        assert names.folder_of(said) == folder
        assert plain(f"'{names.AROUND}.{said}.tables.orders' is not there") == "'tables.orders' is not there"


@pytest.mark.parametrize("name", ["finder", "nothing", "_2", "_2F", "_2fx__", "_2fx__1__2"])
def test_what_is_no_folders_name_is_no_users_package(name: str) -> None:
    assert names.folder_of(name) is None
    assert names.package_of(f"{names.AROUND}.{name}.x") is None


def test_a_room_that_is_forgotten_can_be_asked_again(folders: list[str]) -> None:
    """By a thread that a graph's file started, say: it finds what lies there, under the name that it has."""
    with fresh(Path(folders[0])) as namespace:
        module = namespace.module("use")
    assert module.late() == "one"
    namespace.forget()
    assert not any(name.startswith(namespace.package) for name in sys.modules)
