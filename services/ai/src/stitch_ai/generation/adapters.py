"""Models that are run here."""

import asyncio

import structlog

from stitch_ai.generation.errors import ModelFailedError
from stitch_ai.generation.schemas import Generated, Prompt
from stitch_ai.providers.service import Choice

log = structlog.get_logger(__name__)


class LocalModel:
    """The built-in extraction, in threads and few at a time: reading a long text takes a second."""

    def __init__(self, *, concurrency: int) -> None:
        self._free = asyncio.Semaphore(concurrency)

    async def generate(self, _choice: Choice, prompt: Prompt) -> Generated:
        async with self._free:
            try:
                return await asyncio.to_thread(_extract, prompt)
            except Exception as error:
                # A text that a library stumbles over must not look like a failure of the service.
                log.exception("extraction_failed")
                raise ModelFailedError("extraction-failed") from error


def _extract(prompt: Prompt) -> Generated:
    from stitch_ai.extraction.service import NOTICE, write  # noqa: PLC0415 - takes half a second

    written = write(
        prompt.text, prompt.material, as_json=prompt.as_json, max_tokens=prompt.max_tokens
    )
    return Generated(written.content, written.prompt_tokens, written.completion_tokens, NOTICE)
