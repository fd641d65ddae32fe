"""People who may log in, and what admins change about them."""
