"""The guest list as editors keep it, and invitations."""
