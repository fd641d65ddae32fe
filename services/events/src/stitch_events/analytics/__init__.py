"""Counts of answers, always recounted."""
