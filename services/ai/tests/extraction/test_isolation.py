"""The built-in provider in an interpreter of its own: no network, no warnings, no early cost."""

import subprocess
import sys

import pytest

READS_A_TEXT = """
import socket, sys

def refuse(*_args, **_kwargs):
    raise AssertionError("somebody asks the network")

socket.socket.connect = socket.getaddrinfo = refuse
from stitch_ai.extraction.service import write

print(write(
    "summary, titles, keywords, outline, improvements, readability",
    "The garden is open. Everybody may come and see the flowers in it. " * 5,
    as_json=True, max_tokens=1000,
).completion_tokens)
"""
SERVES = """
import sys
import stitch_ai.api

print(sorted({"yake", "numpy", "networkx", "pyphen", "segtok"} & sys.modules.keys()))
"""
READS_FOR_SECONDS = """
import resource

resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from stitch_ai.extraction.rules.tasks import understand
from stitch_ai.extraction.rules.text import Text

print(len(Text.of({text}).paragraphs), len(understand({text}, "A garden.").wishes))
"""


def run(program: str) -> str:
    command = [sys.executable, "-W", "error", "-c", program]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert finished.stderr == ""
    return finished.stdout.strip()


def test_reading_a_text_asks_nobody_and_warns_of_nothing() -> None:
    assert int(run(READS_A_TEXT)) > 50


def test_serving_loads_no_language_library() -> None:
    assert run(SERVES) == "[]"


@pytest.mark.parametrize(
    "text",
    [
        "'[' * 400_000",
        "'[](' * 200_000",
        "'<p ' * 300_000",
        "'<p>' + '<a ' * 300_000",
        "'<p>' + '<!--' * 200_000",
        "'<p>' + '<script' * 150_000",
        "'<p>' + '<a b=' * 200_000",
        "'fasse ' * 150_000",
    ],
)
def test_no_text_holds_up_everything_else_while_it_is_read(text: str) -> None:
    paragraphs, wishes = run(READS_FOR_SECONDS.format(text=text)).split()

    assert int(paragraphs) <= 1
    assert int(wishes) == 2
