"""Listing: content by filter, order and full text, and what lies in the trash."""
