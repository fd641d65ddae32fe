"""SMTP in: every message to everybody is taken."""

import asyncio

from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Transaction

from stitch_dev.mailcatcher.mailbox import Envelope, Mailbox

_MOST_BYTES = 32 * 1024 * 1024


class _Taker:
    """What aiosmtpd calls for each message; the name is its own."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks for this name
        self, server: SMTP, session: Session, transaction: Transaction
    ) -> str:
        del server, session
        mail = self._mailbox.deliver(
            Envelope(
                sender=transaction.mail_from or "",
                recipients=tuple(transaction.rcpt_tos),
                content=transaction.original_content or b"",
            )
        )
        return f"250 OK {mail.id}"


async def listen(mailbox: Mailbox, host: str, port: int) -> asyncio.Server:
    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        # Without a name aiosmtpd asks DNS for ours, which may take seconds on a laptop.
        return SMTP(
            _Taker(mailbox),
            hostname="mail.stitch.local",
            data_size_limit=_MOST_BYTES,
            enable_SMTPUTF8=True,
            loop=loop,
        )

    return await loop.create_server(connection, host, port)
