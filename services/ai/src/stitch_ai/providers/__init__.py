"""Which providers there are, which models they may run, and in which order they are asked."""
