"""The guest's calendar entry."""
