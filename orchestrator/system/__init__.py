"""Files, locks, terminals and the installation of this package."""
