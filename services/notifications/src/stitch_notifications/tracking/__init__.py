"""What recipients want: who has unsubscribed from what."""
