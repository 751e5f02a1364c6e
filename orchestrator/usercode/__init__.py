"""Imports users' modules, those beside a graph, under names that contain their folder, so that folders never clash.

The file ``/one/common.py`` is ``orchestrator.usercode._2fone.common`` in ``sys.modules``, and what ``import common``
gives in all modules of that folder. Nothing that belongs to the whole process changes from one graph to the next; the
standard library and installed packages are imported as usual, once. The names contain the folder, so that another
process, such as one spawned by ``multiprocessing``, can import them.
"""

from orchestrator.usercode import bare_names, finder, import_functions
from orchestrator.usercode.names import plain
from orchestrator.usercode.namespaces import Namespace, alone, fresh, imported, lies_beside
from orchestrator.usercode.printing import printing_aside

__all__ = ["Namespace", "alone", "fresh", "imported", "lies_beside", "plain", "printing_aside"]

finder.install()
bare_names.install()
import_functions.install()
