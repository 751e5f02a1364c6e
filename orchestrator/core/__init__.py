"""The pure core: graphs, rules and the state machine. No clock, randomness, environment, logging or I/O."""
