"""What is taken in at all: a request that can be read in one way only."""
