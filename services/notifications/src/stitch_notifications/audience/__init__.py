"""This service's own picture of events and guests, learnt from facts."""
