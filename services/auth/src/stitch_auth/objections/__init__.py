"""This was not me: the owner of an account takes it back."""
