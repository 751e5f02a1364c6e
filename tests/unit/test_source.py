"""What is deployed of the package; tests/terraform builds the archive and runs it."""

from orchestrator.deployment.source import sources
from tests.archive import ROOT, imported


def test_the_archive_has_of_the_package_what_the_functions_import_and_nothing_else():
    deployed = sources(ROOT, ROOT / "graphs")
    assert {name for name in deployed if name.startswith("orchestrator/")} == imported()
