"""Events, their guests and the answers of guests.

Owns what happens when and where, who is invited, who comes and with how many, and the seats:
never more taken than there are. Guests act with the token of a mailed link, never with an id.
"""
