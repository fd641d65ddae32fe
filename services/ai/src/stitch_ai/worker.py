"""The composition root for what works apart from HTTP."""

from stitch_ai.generation.adapters import LocalModel
from stitch_ai.generation.service import GenerationService
from stitch_ai.providers.models import ProviderKind
from stitch_ai.providers.service import ProviderService
from stitch_ai.settings import AISettings
from stitch_ai.suggestions.consumers import suggestion_answers
from stitch_ai.suggestions.service import SuggestionService
from stitch_common.bus.questions import Responder
from stitch_common.http.lists import Cursors
from stitch_common.process import Worker
from stitch_common.runtime import StoredRuntime


def create_worker(runtime: StoredRuntime[AISettings]) -> Worker:
    settings = runtime.settings
    generations = GenerationService(
        runtime.database,
        runtime.clock,
        ProviderService(runtime.database, Cursors(settings.cursor_key)),
        {ProviderKind.LOCAL: LocalModel(concurrency=settings.local_concurrency)},
    )
    answers = suggestion_answers(SuggestionService(generations))
    return Worker(components=[Responder(runtime.bus, "ai", answers)])
