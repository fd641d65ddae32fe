"""Header fields that every answer carries for browsers, whoever made it."""

from stitch_gateway.cors.rules import Origins
from stitch_gateway.intake.head import Fields

ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"DENY"))
UNLESS_SAID = (
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
POLICY = b"content-security-policy"
DATA_POLICY = b"default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    b"default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""For pages of services that have not set a stricter one of their own: no scripts at all."""
HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
VARY = b"vary"
TYPE = b"content-type"


class BrowserHeaders:
    """CORS and security headers, also on errors."""

    def __init__(self, origins: Origins, *, is_https: bool) -> None:
        self._origins = origins
        self._always = (*ALWAYS, HSTS) if is_https else ALWAYS
        self._replaced = frozenset(name for name, _ in self._always)
        self._for_data = (*UNLESS_SAID, (POLICY, DATA_POLICY))
        self._for_pages = (*UNLESS_SAID, (POLICY, PAGE_POLICY))
        self._optional = frozenset(name for name, _ in self._for_data)

    def dress(self, given: Fields, origin: bytes | None) -> Fields:
        """The fields of an answer to a request from this origin."""
        fields, varies, said = [*self._always], [], set()
        others = self._for_data
        for field in given:
            name, value = field
            if name == VARY:
                varies.append(value)
            elif name not in self._replaced:
                fields.append(field)
                if name in self._optional:
                    said.add(name)
                if name == TYPE and value.startswith(b"text/html"):
                    others = self._for_pages
        fields.append((VARY, b", ".join([*varies, b"Origin"])))
        fields += [field for field in others if field[0] not in said] if said else others
        if origin is not None:
            fields += self._origins.granted(origin)
        return fields
