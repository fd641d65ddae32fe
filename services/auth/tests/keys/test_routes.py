"""What everybody may know about keys (S29)."""

import httpx

from stitch_common.security.jwks import MIN_KEY_BITS, usable_key

JWKS = "/api/auth/.well-known/jwks.json"
METADATA = "/api/auth/.well-known/oauth-authorization-server"


async def test_the_key_set_has_public_rsa_keys_only(client: httpx.AsyncClient) -> None:
    answer = await client.get(JWKS)

    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
    assert usable_key(key).key_size >= MIN_KEY_BITS
    assert answer.headers["cache-control"] == "public, max-age=300"


async def test_who_has_the_current_keys_gets_no_body(client: httpx.AsyncClient) -> None:
    first = await client.get(JWKS)

    again = await client.get(JWKS, headers={"if-none-match": first.headers["etag"]})
    other = await client.get(JWKS, headers={"if-none-match": '"other"'})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert other.status_code == 200


async def test_the_metadata_says_where_to_log_in(client: httpx.AsyncClient) -> None:
    metadata = (await client.get(METADATA)).json()

    assert metadata["issuer"] == "stitch-cms-api"
    assert metadata["token_endpoint"] == "https://stitch.example/api/auth/token"
    assert metadata["jwks_uri"] == f"https://stitch.example{JWKS}"
