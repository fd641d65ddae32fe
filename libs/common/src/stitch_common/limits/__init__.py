"""How often something may be done, counted over all processes."""
