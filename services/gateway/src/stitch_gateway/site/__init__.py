"""What the gateway says of itself: the landing page, its health, and errors for people."""
