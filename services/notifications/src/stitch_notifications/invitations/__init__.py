"""An editor asks for invitations; a batch says how far they have come."""
