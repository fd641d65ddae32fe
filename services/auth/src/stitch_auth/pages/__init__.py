"""What a mailed link opens in a browser."""
