"""Confirming that an address belongs to the owner of an account, the first or a new one."""
