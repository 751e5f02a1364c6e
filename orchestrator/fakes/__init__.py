"""Fakes of Google services that have no emulator, for rehearsals and tests. They import nothing of the engine."""
