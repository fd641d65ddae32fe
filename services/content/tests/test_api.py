"""The service as a whole: its description and its conventions."""

import httpx
from fastapi import FastAPI


async def test_the_api_describes_itself(app: FastAPI) -> None:
    document = app.openapi()

    operations = [o for path in document["paths"].values() for o in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)


async def test_a_repeated_post_with_its_key_writes_once(editor: httpx.AsyncClient) -> None:
    key = {"idempotency-key": "first-article"}

    first = await editor.post("/api/content", json={"title": "Once"}, headers=key)
    again = await editor.post("/api/content/", json={"title": "Once"}, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len((await editor.get("/api/content")).json()) == 1
