"""The auth service: it owns users, sessions, signing keys and the audit log.

It alone issues access tokens; everybody verifies them with the public keys it publishes.
"""
