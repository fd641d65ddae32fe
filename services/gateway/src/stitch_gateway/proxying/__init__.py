"""Handing requests on to services and their answers back, both ways as a stream."""
