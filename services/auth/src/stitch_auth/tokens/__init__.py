"""The pair of tokens that somebody who is logged in holds."""
