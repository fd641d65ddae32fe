"""What an admin's template may say."""

import pytest

from stitch_notifications.rendering.rules import placeholders, refusals
from stitch_notifications.rendering.service import Wording, render, standard_wording
from stitch_notifications.templates.models import Kind


@pytest.mark.parametrize(
    "source",
    [
        "Hello {{ recipient_name }}, welcome to {{ event_title | upper }}",
        "{% if answer == 'accepted' and party_size > 1 %}{{ party_size }}{% else %}-{% endif %}",
        "{{ event_location | default('somewhere') }}",
        "{{ 'you' if not recipient_name else recipient_name }}",
        "no placeholder at all, {not even this}",
    ],
)
def test_placeholders_filters_and_conditions_are_fine(source: str) -> None:
    assert refusals(Kind.INVITATION, {"text": source}) == []


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{{ event_titel }}", "there is no placeholder 'event_titel'"),
        ("{{ verify_link }}", "there is no placeholder 'verify_link'"),
        ("{{ event_title | safe }}", "there is no filter 'safe'"),
        ("{{ event_title | attr('x') }}", "there is no filter 'attr'"),
        ("{{ event_title.__class__ }}", "only placeholders"),
        ("{{ event_title['x'] }}", "only placeholders"),
        ("{{ event_title() }}", "only placeholders"),
        ("{% for x in event_title %}{% endfor %}", "only placeholders"),
        ("{{ 'a' * 1000000000 }}", "only placeholders"),
        ("{% include 'x' %}", "only placeholders"),
        ("{% set event_title = 1 %}", "only placeholders"),
        ("{% autoescape false %}{{ event_title }}{% endautoescape %}", "only placeholders"),
        ("{{ event_title", "unexpected end of template"),
        ("{% if event_title %}", "Unexpected end of template"),
    ],
)
def test_anything_else_is_refused_with_its_field_and_line(source: str, complaint: str) -> None:
    found = refusals(Kind.INVITATION, {"text": f"first line\n{source}"})

    assert {error.pointer for error in found} == {"/text"}
    assert any(complaint in error.message for error in found)
    assert any(error.message.startswith("Line 2: ") for error in found)


def test_a_layout_may_show_the_subject_which_no_other_text_knows() -> None:
    assert refusals(Kind.RESET, {"mjml": "{{ subject }}"}) == []
    assert refusals(Kind.RESET, {"text": "{{ subject }}"}) != []


@pytest.mark.parametrize("kind", list(Kind))
def test_the_standard_subjects_use_only_what_is_known_before_a_mail_is_written(
    kind: Kind,
) -> None:
    subject = standard_wording(kind).subject

    assert refusals(kind, {"subject": subject}) == []


def test_a_mail_about_an_account_knows_nothing_of_events() -> None:
    assert "event_title" not in placeholders(Kind.VERIFICATION)


def test_text_and_html_treat_special_characters_each_in_its_way() -> None:
    values = {"recipient_name": "<Ada & Co>", "sender_name": "Stitch", "site_link": "/"}
    wording = Wording("{{ recipient_name }}", "Dear {{ recipient_name }}")

    rendered = render(Kind.VERIFICATION, values, wording)

    assert rendered.subject == "<Ada & Co>"
    assert rendered.text == "Dear <Ada & Co>\n"
    assert "Dear &lt;Ada &amp; Co&gt;" in rendered.html
