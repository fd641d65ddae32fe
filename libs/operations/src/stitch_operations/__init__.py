"""The command `stitch`: what operators see of the bus, and what they do to it."""
