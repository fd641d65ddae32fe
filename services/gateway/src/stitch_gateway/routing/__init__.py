"""Which request goes where, and which credentials it needs: a table, compiled once."""
