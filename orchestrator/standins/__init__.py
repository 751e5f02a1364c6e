"""Google's services, played on one machine: products, for rehearsals and tests. They know nothing of the engine."""
