"""RSA by way of OpenSSL; each of these takes tens of milliseconds, so call them in a thread."""

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

PUBLIC_EXPONENT = 65537


def make_private_key(bits: int) -> RSAPrivateKey:
    return generate_private_key(PUBLIC_EXPONENT, bits)


def to_bytes(key: RSAPrivateKey) -> bytes:
    """PKCS #8, to be sealed at once."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def from_bytes(raw: bytes) -> RSAPrivateKey:
    key = load_der_private_key(raw, password=None)
    if not isinstance(key, RSAPrivateKey):
        message = "a signing key is an RSA key"
        raise TypeError(message)
    return key
