"""Mailpit's search language, as far as it is useful here: `to:ann -subject:"see you" words`."""

import shlex
from collections.abc import Callable, Sequence

from stitch_dev.mailcatcher.mailbox import Mail
from stitch_dev.mailcatcher.message import Address

_Field = Callable[[Mail], str]


def search(mails: Sequence[Mail], query: str) -> list[Mail]:
    """Give the mails that match every word; a word after `-` or `!` must not match."""
    return [mail for mail in mails if all(_matches(mail, word) for word in _words(query))]


def _words(query: str) -> list[str]:
    try:
        return shlex.split(query.replace("'", r"\'"))
    except ValueError:  # an open quotation mark
        return query.replace('"', " ").split()


def _matches(mail: Mail, word: str) -> bool:
    if len(word) > 1 and word[0] in "-!":
        return not _matches(mail, word[1:])
    name, colon, term = word.partition(":")
    if colon and name.lower() in _FIELDS:
        return term.lower() in _FIELDS[name.lower()](mail).lower()
    return word.lower() in _everything(mail).lower()


def _people(addresses: Sequence[Address]) -> str:
    return "\n".join(f"{person.name} <{person.address}>" for person in addresses)


def _everything(mail: Mail) -> str:
    people = [*([mail.sender] if mail.sender else []), *mail.to, *mail.cc]
    message = mail.read()
    return "\n".join([mail.subject, _people(people), message.text or message.html])


_FIELDS: dict[str, _Field] = {
    "to": lambda mail: _people(mail.to),
    "cc": lambda mail: _people(mail.cc),
    "bcc": lambda mail: _people(mail.bcc),
    "from": lambda mail: _people([mail.sender] if mail.sender else []),
    "reply-to": lambda mail: _people(mail.reply_to),
    "subject": lambda mail: mail.subject,
    "message-id": lambda mail: mail.message_id,
}
