"""What was done with an account, told to its owner, who may object."""
