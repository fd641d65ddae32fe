"""What can be found out about a text by counting, without knowing what it means."""
