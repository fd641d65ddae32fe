"""Answering prompts by way of providers, and the record of every answer."""
