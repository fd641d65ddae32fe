import pytest

from stitch_ai.extraction.rules.tasks import Task, Wish, understand


@pytest.mark.parametrize(
    ("prompt", "wishes"),
    [
        ("Summarize this", [Wish(Task.SUMMARY)]),
        ("TL;DR", [Wish(Task.SUMMARY)]),
        ("Write a 2 sentence summary", [Wish(Task.SUMMARY, 2)]),
        ("Fasse den Text in drei Sätzen zusammen", [Wish(Task.SUMMARY, 3)]),
        ("Give me 5 catchy blog titles", [Wish(Task.TITLES, 5)]),
        ("seven headlines", [Wish(Task.TITLES)]),
        ("Suggest a meta description", [Wish(Task.META_DESCRIPTION)]),
        ("10 SEO keywords", [Wish(Task.KEYWORDS, 10)]),
        ("tags and title", [Wish(Task.TITLES), Wish(Task.KEYWORDS)]),
        ("Create an outline", [Wish(Task.OUTLINE)]),
        ("Improve the readability", [Wish(Task.IMPROVEMENTS), Wish(Task.READABILITY)]),
        ("Zwei Überschriften und Schlagworte", [Wish(Task.TITLES, 2), Wish(Task.KEYWORDS)]),
    ],
)
def test_a_prompt_says_what_it_wants(prompt: str, wishes: list[Wish]) -> None:
    assert list(understand(prompt, "Some text.").wishes) == wishes


def test_a_prompt_that_says_nothing_of_ours_gets_what_is_most_often_useful() -> None:
    order = understand("Compose a haiku", "Some text.")

    assert not order.is_understood
    assert [wish.task for wish in order.wishes] == [Task.SUMMARY, Task.KEYWORDS]


def test_words_of_the_text_are_no_wishes() -> None:
    order = understand("Keywords", "This outline is a summary of titles.")

    assert [wish.task for wish in order.wishes] == [Task.KEYWORDS]
