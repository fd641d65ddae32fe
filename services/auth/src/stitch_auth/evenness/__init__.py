"""Answers whose time tells nothing about accounts."""
