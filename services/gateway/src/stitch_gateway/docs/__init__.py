"""The API reference: what all services say of themselves, merged and made readable."""
