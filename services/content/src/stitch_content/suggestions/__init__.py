"""What an AI provider suggests for an item, and taking it over."""
