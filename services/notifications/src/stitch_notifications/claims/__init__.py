"""Due mails change hands here: claimed by a sender, recorded when they are dealt with."""
