"""Delivery: published content for the public, and nothing else."""
