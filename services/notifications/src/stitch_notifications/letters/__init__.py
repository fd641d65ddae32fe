"""From a delivery to the message that is sent: wording, links, calendar entry, MIME."""
