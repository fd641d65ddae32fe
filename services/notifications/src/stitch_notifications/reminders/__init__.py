"""An editor reminds the guests of an event."""
