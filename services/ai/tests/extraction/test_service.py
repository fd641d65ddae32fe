"""What the built-in provider makes of prompts."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stitch_ai.extraction.rules.text import Text
from stitch_ai.extraction.service import NOTHING_NEW, tokens, write

EVERYTHING = "summary, titles, meta description, keywords, outline, improvements, readability"


def written(prompt: str, context: str = "", *, max_tokens: int = 1000) -> str:
    return write(prompt, context, as_json=False, max_tokens=max_tokens).content


def test_a_summary_holds_sentences_of_the_text_in_their_order(gardens: str) -> None:
    sentences = Text.of(gardens).sentences

    content = written("Summarise in three sentences", gardens)

    places = [sentences.index(sentence) for sentence in sentences if sentence in content]
    assert len(places) == 3
    assert places == sorted(places)
    assert content == " ".join(sentences[place] for place in places)


def test_a_summary_can_be_limited_in_words(gardens: str) -> None:
    assert len(written("Summarise in 20 words", gardens).split()) <= 20


def test_keywords_are_words_of_the_text(gardens: str) -> None:
    found = written("Give me five keywords", gardens).split(", ")

    assert len(found) == 5
    assert found[0].lower() == "community gardens"
    assert all(keyword.lower() in gardens.lower() for keyword in found)


def test_titles_are_short_and_different(gardens: str) -> None:
    found = written("Suggest 4 titles", gardens).split("\n")

    assert found[0] == "Community gardens"
    assert len({title.lower() for title in found}) == 4
    assert max(map(len, found)) <= 60


def test_a_meta_description_has_the_length_that_search_engines_show(gardens: str) -> None:
    assert 80 < len(written("Write a meta description", gardens)) <= 155


def test_an_outline_follows_the_headings() -> None:
    content = written("outline", "# One\n\nIt begins here.\n\n## Two\n\nIt ends there.")

    assert content == "- One: It begins here.\n- Two: It ends there."


def test_an_outline_finds_the_parts_of_a_text_without_headings(gardens: str) -> None:
    lines = written("outline", gardens).split("\n")

    assert len(lines) == 4
    assert lines[1].startswith("- City: ")


def test_improvements_name_the_place() -> None:
    long = "This is a sentence " + "that goes on and on " * 8 + "until nobody knows its beginning."

    content = written("How can I improve this?", f"It starts well. {long} It ends well.")

    assert "Split this sentence of 49 words: “This is a sentence that goes" in content


def test_a_good_text_is_said_to_be_good(gardens: str) -> None:
    assert written("Improve this", gardens).startswith("Nothing stands out")


def test_readability_is_measured(gardens: str) -> None:
    content = written("How readable is it?", gardens)

    assert content.startswith("Fairly difficult to read: reading ease 58.8")
    assert "words in 10 sentences" in content


def test_several_wishes_are_answered_under_headings(gardens: str) -> None:
    content = written("keywords and a summary please", gardens)

    assert content.startswith("## Summary\n")
    assert "\n\n## Keywords\n" in content


def test_the_text_may_follow_the_instruction(gardens: str) -> None:
    assert written(f"Summarise this text:\n{gardens}") == written("Summarise this text", gardens)


def test_a_topic_is_enough_for_titles() -> None:
    content = written("Suggest titles for a post about growing tomatoes on a small balcony")

    assert "Growing tomatoes on a small balcony" in content
    assert "Suggest" not in content


def test_a_wish_that_needs_a_writer_is_told_so(gardens: str) -> None:
    content = written("Write a poem in the style of Goethe", gardens)

    assert content.startswith(NOTHING_NEW)
    assert "Community gardens bring neighbours together." in content


def test_markup_is_no_text() -> None:
    html = (
        "<h1>Tea &amp; cake</h1><script>alert('x')</script><style>p{}</style>"
        "<p>Every <b>Sunday</b> we meet for tea in the old library.</p><p>Bring a cake.</p>"
    )

    content = written(EVERYTHING, html)

    assert "Every Sunday we meet for tea in the old library." in content
    assert "Tea & cake" in content
    assert not {"alert", "<", "p{}"} & {part for part in ("alert", "<", "p{}") if part in content}


def test_another_language_is_read_by_its_own_stop_words() -> None:
    text = (
        "Der Verein lädt alle Nachbarn zum Sommerfest ein. Es gibt Kuchen, Musik und Spiele für "
        "die Kinder. Das Sommerfest beginnt am Samstag im Garten hinter der Schule. Wer einen "
        "Kuchen mitbringen möchte, meldet sich bis Donnerstag beim Verein."
    )

    content = json.loads(
        write("Stichworte, Lesbarkeit", text, as_json=True, max_tokens=500).content
    )

    assert content["readability"]["language"] == "de"
    assert {"Sommerfest", "Verein", "Kuchen"} <= set(content["keywords"])
    assert not {"der", "und", "ein"} & {keyword.lower() for keyword in content["keywords"]}


@pytest.mark.parametrize("most", [1, 10, 50])
def test_an_answer_has_at_most_as_many_tokens_as_were_asked_for(gardens: str, most: int) -> None:
    answer = write(EVERYTHING, gardens, as_json=False, max_tokens=most)

    assert 0 < answer.completion_tokens <= most
    assert answer.completion_tokens == tokens(answer.content)
    assert answer.prompt_tokens == tokens(EVERYTHING) + tokens(gardens)


def test_the_same_question_has_the_same_answer(gardens: str) -> None:
    assert written(EVERYTHING, gardens) == written(EVERYTHING, gardens)


def test_an_answer_for_a_program_is_whole_or_not_there(gardens: str) -> None:
    found = json.loads(write(EVERYTHING, gardens, as_json=True, max_tokens=120).content)

    assert list(found) == ["summary", "titles", "meta_description"]


@given(st.text(alphabet=st.sampled_from("ab Z.\n#-*<p>/&;:()[]“é中!?1"), max_size=80))
@settings(max_examples=60, deadline=None)
def test_no_text_is_too_strange(text: str) -> None:
    json.loads(write(EVERYTHING, text, as_json=True, max_tokens=100).content)
