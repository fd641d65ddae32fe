"""What people who are logged in change about how they log in."""
