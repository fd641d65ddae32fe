"""Log-ins and what keeps them alive: access tokens and refresh families."""
