"""Fakes of Google services that have no emulator, for rehearsals and tests. They know nothing of the engine."""
