"""From a template and values to subject, text and HTML; the standard templates lie here."""
