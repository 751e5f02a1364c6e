"""How runs, findings and rehearsals look in a terminal."""
