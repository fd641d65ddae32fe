"""Seats: who gets one, who waits, and who moves up."""
