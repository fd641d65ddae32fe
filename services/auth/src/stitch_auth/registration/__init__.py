"""From nothing to an account with a confirmed e-mail address."""
