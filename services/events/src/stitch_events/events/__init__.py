"""Calendar entries: what happens when, where and for how many."""
