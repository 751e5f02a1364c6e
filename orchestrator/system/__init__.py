"""What the operating system and the installation give: files, locks, terminals. It knows nothing of runs."""
