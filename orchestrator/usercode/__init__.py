"""Users' modules: what lies beside a graph, imported under names of its folder's own. No two folders' ever meet.

``common`` in the folder ``/one`` is ``orchestrator.usercode._2fone.common`` in ``sys.modules``, and what
``import common`` gives to the modules of that folder, wherever they say it. Nothing that belongs to the whole process
is changed from one graph to the next; the standard library and what is installed are imported as ever, once. The names
tell the folder, so that another process, such as one that ``multiprocessing`` spawned, can import them.
"""

from orchestrator.usercode import bare_names, finder, import_functions
from orchestrator.usercode.names import plain
from orchestrator.usercode.printing import printing_aside
from orchestrator.usercode.rooms import Room, alone, fresh, imported, lies_beside

__all__ = ["Room", "alone", "fresh", "imported", "lies_beside", "plain", "printing_aside"]

finder.install()
bare_names.install()
import_functions.install()
