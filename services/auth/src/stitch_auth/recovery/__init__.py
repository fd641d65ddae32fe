"""Setting a new password by a mailed link, for who has lost the old one."""
