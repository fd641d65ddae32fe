"""Pages for guests: the mailed link and the public face of an event."""
