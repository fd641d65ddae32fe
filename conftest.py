"""Fixtures for every test of the repository."""

pytest_plugins = ["stitch_common.testing.plugin"]
