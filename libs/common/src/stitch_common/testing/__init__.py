"""Test infrastructure for all members: real servers, quick databases, and a clock that obeys."""
