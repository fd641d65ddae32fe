"""The built-in provider in an interpreter of its own: no network, no warnings, no early cost."""

import subprocess
import sys

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


def run(program: str) -> str:
    command = [sys.executable, "-W", "error", "-c", program]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert finished.stderr == ""
    return finished.stdout.strip()


def test_reading_a_text_asks_nobody_and_warns_of_nothing() -> None:
    assert int(run(READS_A_TEXT)) > 50


def test_serving_loads_no_language_library() -> None:
    assert run(SERVES) == "[]"
