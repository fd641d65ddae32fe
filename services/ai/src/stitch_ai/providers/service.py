"""Use cases of providers."""

from dataclasses import dataclass

from stitch_ai.providers.errors import AIUnavailableError, ModelNotAllowedError
from stitch_ai.providers.models import Provider, ProviderKind
from stitch_ai.providers.repository import Candidate, ProviderRepository, candidates
from stitch_ai.providers.schemas import AllowedModel, ModelView, ProviderView
from stitch_common.database import Database
from stitch_common.http.lists import Cursors, Page

__all__ = ["AIUnavailableError", "ModelNotAllowedError", "ProviderService"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider and the model that it shall run."""

    provider_id: int
    provider: str
    kind: ProviderKind
    model: AllowedModel


@dataclass(frozen=True, slots=True)
class ListedProviders:
    """One page of providers."""

    items: list[ProviderView]
    next_cursor: str | None
    total: int | None


class ProviderService:
    """Knows who can be asked."""

    def __init__(self, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def listed(self, page: Page) -> ListedProviders:
        async with self._database.transaction() as session:
            repository = ProviderRepository(session)
            rows, cursor = await repository.page(page, self._cursors)
            total = await repository.count() if page.count else None
        return ListedProviders([_view(row) for row in rows], cursor, total)

    async def models(self) -> list[ModelView]:
        """Every model that may be asked for, in the order in which providers are asked."""
        active = await self._candidates()
        return [
            ModelView(
                **model.model_dump(),
                provider=candidate.name,
                is_default=place == 0 and model.name == candidate.default_model,
            )
            for place, candidate in enumerate(active)
            for model in candidate.models.values()
        ]

    async def choices(self, model: str | None) -> list[Choice]:
        """Whom to ask for this model, or for any if it is None, and who comes next.

        No connection is held when this returns. AIUnavailableError, ModelNotAllowedError.
        """
        active = await self._candidates()
        if not active:
            raise AIUnavailableError
        found = [
            Choice(each.id, each.name, each.kind, each.models[name])
            for each in active
            if (name := model or each.default_model) in each.models
        ]
        if not found:
            raise ModelNotAllowedError
        return found

    async def _candidates(self) -> list[Candidate]:
        async with self._database.connection() as connection:
            return await candidates(connection)


def _view(provider: Provider) -> ProviderView:
    shown = {name: getattr(provider, name) for name in SHOWN}
    return ProviderView.model_validate(shown | {"has_api_key": provider.api_key is not None})


SHOWN = ProviderView.model_fields.keys() - {"has_api_key"}
