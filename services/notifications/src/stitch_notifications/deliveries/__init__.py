"""From a fact to the mails that are due because of it, each exactly once."""
