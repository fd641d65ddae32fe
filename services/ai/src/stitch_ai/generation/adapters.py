"""Models that are run here."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import structlog

from stitch_ai.generation.errors import ModelFailedError
from stitch_ai.generation.schemas import Generated, Prompt
from stitch_ai.providers.service import Choice

log = structlog.get_logger(__name__)


class LocalModel:
    """The built-in extraction, in threads and few at a time: reading a long text takes a second."""

    def __init__(self, *, concurrency: int) -> None:
        # Not a semaphore: who no longer waits for an answer does not stop the thread that makes it.
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="extraction")

    async def generate(self, _choice: Choice, prompt: Prompt) -> Generated:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, _extract, prompt)
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
