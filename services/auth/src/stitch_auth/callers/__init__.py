"""Who calls: the address that a trusted proxy vouches for, and the device."""
