"""Several addresses for one service: which one is asked next, and when nobody is asked at all."""
