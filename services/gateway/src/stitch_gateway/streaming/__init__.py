"""Answers that last: ended when their client has left, stands still, or is no longer admitted."""
