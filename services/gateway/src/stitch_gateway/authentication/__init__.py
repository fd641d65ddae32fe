"""Who passes: credentials are checked against what the route takes."""
