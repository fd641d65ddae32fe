"""The bus: facts leave through the outbox and arrive through the inbox, each effect once."""
