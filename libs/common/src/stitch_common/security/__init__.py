"""Who is asking, and what may be trusted: tokens, links, sealed secrets."""
