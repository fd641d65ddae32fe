"""Exchanging refresh tokens: what browsers do all day, and the one place where theft shows."""
