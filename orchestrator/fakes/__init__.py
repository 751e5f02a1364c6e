"""Fakes of Google services that have no emulator, for rehearsals and tests. They do not import the engine."""
