"""What other services ask to have suggested, over the bus."""
