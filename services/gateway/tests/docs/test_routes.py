import httpx

from stitch_common.testing.recording import Backend


async def test_the_document_is_for_everybody_and_can_be_asked_for_again(
    client: httpx.AsyncClient, backends: dict[str, Backend]
) -> None:
    answer = await client.get("/openapi.json")
    again = await client.get("/openapi.json", headers={"if-none-match": answer.headers["etag"]})

    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"
    assert (again.status_code, again.content) == (304, b"")


async def test_the_page_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "//" not in answer.text.replace("http://localhost:8000", "").replace("<!--", "")
