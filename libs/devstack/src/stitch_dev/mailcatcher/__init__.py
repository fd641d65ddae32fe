"""The mail server of the laptop: takes every mail, shows it, and lists recent traces beside it."""
