"""Which frontends browsers may call from, and what every answer tells a browser."""
