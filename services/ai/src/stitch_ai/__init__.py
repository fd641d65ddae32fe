"""AI: which providers there are, what they have generated for whom, and what it used."""
