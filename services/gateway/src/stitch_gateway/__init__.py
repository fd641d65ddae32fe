"""The one door to Stitch: it stores nothing and decides who may pass to which service."""
