"""What nobody needs any more goes, a little at a time."""
