"""What mails look like: standard templates in this package, others in the database."""
