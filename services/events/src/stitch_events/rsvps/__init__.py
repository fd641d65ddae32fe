"""The answers of guests, by the public form and by the mailed link."""
