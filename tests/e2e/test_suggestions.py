"""An editor has something suggested by the built-in provider, and takes a part of it over."""

import pytest
from tests.e2e.journey import Person, unique
from tests.e2e.running_stack import Stack

pytestmark = pytest.mark.e2e

BODY = """
<p>Community gardens bring neighbours together. They turn empty lots into places where people grow
vegetables, share tools and learn from each other.</p>
<p>The city supports new gardens with soil tests and water connections. Volunteers build raised beds
because the ground of former industrial sites is often polluted.</p>
"""


def test_suggestions_come_from_ai_and_only_named_fields_are_taken_over(
    stack: Stack, editor: Person
) -> None:
    title = unique("Draft")
    item = editor.post("/api/content", {"title": title, "body": BODY}).json()

    answer = editor.post(f"/api/content/{item['id']}/ai-suggestions")
    assert answer.status_code == 200, answer.text
    suggested = answer.json()
    taken = editor.post(
        f"/api/content/{item['id']}/ai-suggestions/apply",
        {"fields": ["meta_description", "tags"]},
        **{"if-match": answer.headers["etag"]},
    )

    assert suggested["provider"] == "local"
    assert suggested["summary"].split(".")[0] in BODY.replace("\n", " ")
    assert taken.status_code == 200, taken.text
    assert taken.json()["title"] == title
    assert taken.json()["meta_description"] == suggested["meta_description"]
    assert taken.json()["tags"] == suggested["keywords"]
