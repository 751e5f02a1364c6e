"""The pure heart: graphs, rules and the machine. No clock, random, environment, logging or I/O."""
