"""SMTP (RFC 5321), one mail at a time on a connection that is kept."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Literal, Self

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
)

from stitch_notifications.sending.errors import (
    MailDeferredError,
    MailRefusedError,
    MailServerAwayError,
)
from stitch_notifications.settings import NotificationsSettings

PERMANENT = 500
AUTHENTICATION_REQUIRED = 530
"""RFC 4954, and RFC 3207 for a server that insists on STARTTLS."""
LONGEST_REPLY = 500


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed in, and how."""

    host: str
    port: int
    tls: Literal["auto", "none", "starttls", "tls"]
    username: str | None
    password: str | None
    sender: str
    timeout: float

    @classmethod
    def of(cls, settings: NotificationsSettings) -> Self:
        password = settings.smtp_password
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            tls=settings.smtp_tls,
            username=settings.smtp_username,
            password=password.get_secret_value() if password else None,
            sender=parseaddr(settings.mail_from)[1],
            timeout=settings.smtp_timeout.total_seconds(),
        )

    def client(self) -> SMTP:
        return SMTP(
            hostname=self.host,
            port=self.port,
            username=self.username,
            password=self.password,
            local_hostname=self.sender.partition("@")[2],
            timeout=self.timeout,
            use_tls=self.tls == "tls",
            start_tls={"auto": None, "starttls": True}.get(self.tls, False),
            # Encryption that is only taken where it is offered proves nothing about the server,
            # and no password is ever sent over it.
            validate_certs=self.tls != "auto",
        )


class SMTPMailer:
    """Hands mails to one server; one mail at a time, so each sender has its own."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._client: SMTP | None = None

    async def send(self, message: EmailMessage, recipient: str) -> str:
        """The server's words when it has accepted the mail.

        MailRefusedError: never (5xx). MailDeferredError: not now (4xx, silence, a lost
        connection), where the mail may have arrived if the connection broke at its very end.
        """
        client = await self._begin(recipient)
        try:
            with _replies_as_errors():
                await client.rcpt(recipient, encoding="utf-8")
                reply = await client.data(bytes(message))
        except (MailDeferredError, MailRefusedError):
            await self._forget_transaction(client)
            raise
        return _words(reply.code, reply.message)

    async def close(self) -> None:
        if self._client is not None and self._client.is_connected:
            with suppress(SMTPException, OSError):
                await self._client.quit()
        self._client = None

    async def _begin(self, recipient: str) -> SMTP:
        """Open the mail's transaction; a kept connection may have ended without our noticing."""
        kept = self._client
        if kept is not None and kept.is_connected:
            try:
                return await self._open(kept, recipient)
            except MailDeferredError:
                if kept.is_connected:
                    raise
        self._client = await self._connect()
        return await self._open(self._client, recipient)

    async def _open(self, client: SMTP, recipient: str) -> SMTP:
        options = [] if recipient.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            with _replies_as_errors():
                await client.mail(self._server.sender, options=options)
        except (MailDeferredError, MailRefusedError):
            await self._forget_transaction(client)
            raise
        return client

    async def _connect(self) -> SMTP:
        client = self._server.client()
        try:
            await client.connect()
        except SMTPResponseException as error:
            # Whatever its code, this is about us and not about the mail.
            raise MailServerAwayError(_words(error.code, error.message)) from error
        except (SMTPException, OSError) as error:
            raise MailServerAwayError(_printable(str(error))) from error
        return client

    async def _forget_transaction(self, client: SMTP) -> None:
        if client.is_connected:
            try:
                await client.rset()
            except (SMTPException, OSError):
                client.close()


@contextmanager
def _replies_as_errors() -> Generator[None]:
    try:
        yield
    except SMTPResponseException as error:
        if error.code == AUTHENTICATION_REQUIRED:
            # About us and not about the mail, like a wrong password: nobody could be written to.
            raise MailServerAwayError(_words(error.code, error.message)) from error
        refused = error.code >= PERMANENT
        kind = MailRefusedError if refused else MailDeferredError
        raise kind(_words(error.code, error.message)) from error
    except SMTPNotSupported as error:
        raise MailRefusedError(_printable(str(error))) from error
    except (SMTPException, OSError) as error:
        raise MailDeferredError(_printable(str(error))) from error


def _words(code: int, message: str) -> str:
    return _printable(f"{code} {message}")


def _printable(text: str) -> str:
    """One line that a database and a page can hold, whatever a server sends."""
    plain = text.encode("utf-8", "replace").decode().replace("\x00", "")
    return " ".join(plain.split())[:LONGEST_REPLY]
