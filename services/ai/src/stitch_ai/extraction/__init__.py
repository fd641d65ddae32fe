"""The built-in provider: it takes texts apart and puts nothing in that was not there.

No key, no network, no chance: the same text and wish give the same answer. Import what is in here
lazily and run it off the loop: its libraries take a second to load, and a long text to read.
"""
