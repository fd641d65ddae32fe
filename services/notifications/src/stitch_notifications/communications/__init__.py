"""What editors see of an event's mails, and what they may do about them."""
