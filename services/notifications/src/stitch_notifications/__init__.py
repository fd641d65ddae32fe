"""The notifications service: it owns deliveries, batches, templates and suppressions.

Facts of events and auth become mails here; nobody else sends any.
"""
