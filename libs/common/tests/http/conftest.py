"""A sample service: one public and some guarded routes over a table of notes."""

from collections.abc import AsyncGenerator
from typing import Annotated

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Request, Response
from pydantic import SecretStr
from sqlalchemy import MetaData, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from stitch_common.bus.tables import create_bus_tables
from stitch_common.clock import Clock
from stitch_common.database import NAMING, Database
from stitch_common.errors import ErrorKind, StitchError
from stitch_common.http.app import create_app
from stitch_common.http.bodies import RequestBody, ResourceId
from stitch_common.http.etags import IfMatch, set_etag
from stitch_common.http.lists import Cursors, RequestedPage, link_next
from stitch_common.http.principals import Admin, Editor, Viewer
from stitch_common.http.problems import NotFoundError, declares
from stitch_common.migrations import create_idempotency_table
from stitch_common.settings import StoredServiceSettings
from stitch_common.testing.databases import Databases
from stitch_common.testing.services import client_of, runtime_for
from stitch_common.testing.tokens import Issuer
from stitch_common.versioning import Versioned


class Base(DeclarativeBase):
    metadata = MetaData(schema="sample", naming_convention=NAMING)


class Note(Versioned, Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class NoteIn(RequestBody):
    text: str


class NoteTooRudeError(StitchError):
    """This note can't be taken."""

    kind = ErrorKind.CONFLICT
    code = "note-too-rude"


router = APIRouter(prefix="/api/sample")
CURSORS = Cursors(SecretStr("k" * 32))


def _database(request: Request) -> Database:
    database: Database = request.app.state.runtime.database
    return database


@router.get("/public")
async def public() -> dict[str, str]:
    return {"hello": "anybody"}


@router.get("/boom")
async def boom(_user: Viewer) -> dict[str, str]:
    message = "secret internals"
    raise RuntimeError(message)


@router.get("/outage")
async def outage(_user: Viewer) -> dict[str, str]:
    away = Database.connect("postgresql://nobody@127.0.0.1:1/nothing", application_name="test")
    async with away.connection():
        return {}


@router.get("/notes")
async def list_notes(
    request: Request, response: Response, page: RequestedPage, _user: Viewer
) -> list[int]:
    after = CURSORS.decode("notes", page.cursor)[0] if page.cursor else 0
    numbers = list(range(after + 1, after + 1 + page.limit))
    link_next(request, response, CURSORS.encode("notes", [numbers[-1]]))
    return numbers


@router.post("/notes", status_code=201, responses=declares(NoteTooRudeError))
async def create_note(
    body: NoteIn, request: Request, _user: Editor, fail: Annotated[str | None, Query()] = None
) -> dict[str, int | str]:
    if body.text == "rude":
        raise NoteTooRudeError
    async with _database(request).transaction() as session:
        note = Note(text=body.text)
        session.add(note)
    if fail:
        raise RuntimeError
    return {"id": note.id, "text": note.text}


@router.put("/notes/{note_id}", responses=declares(NotFoundError))
async def update_note(
    note_id: ResourceId, body: NoteIn, if_match: IfMatch, request: Request, response: Response,
    _user: Editor,
) -> dict[str, int | str]:  # fmt: skip
    async with _database(request).transaction() as session:
        note = await session.get(Note, note_id, with_for_update=True)
        if note is None:
            raise NotFoundError
        note.expect(if_match)
        note.text = body.text
        note.touch(["text"])
    set_etag(response, note.version)
    return {"id": note.id, "version": note.version}


@router.delete("/notes", status_code=204)
async def delete_notes(_user: Admin) -> None:
    return None


@pytest.fixture
def issuer(clock: Clock) -> Issuer:
    return Issuer(clock)


async def build(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("create schema sample")
    await connection.close()
    database = Database.connect(dsn, application_name="build")
    async with database.transaction() as session:
        on = await session.connection()
        await on.run_sync(lambda sync: create_idempotency_table(sync, "sample"))
        await on.run_sync(lambda sync: create_bus_tables(sync, "sample"))
        await on.run_sync(Base.metadata.create_all)
    await database.dispose()


@pytest.fixture
async def database(service_databases: Databases) -> AsyncGenerator[Database]:
    """A clone of its own: idempotency and versions are about concurrency."""
    async with service_databases.clone("sample", build) as dsn:
        database = Database.connect(dsn, application_name="test", pool_size=8)
        yield database
        await database.dispose()


@pytest.fixture
async def app(database: Database, clock: Clock, issuer: Issuer) -> AsyncGenerator[FastAPI]:
    settings = StoredServiceSettings(
        database_url=SecretStr("postgresql://unused"), cursor_key=SecretStr("k" * 32)
    )
    wired = runtime_for("sample", settings, database=database, clock=clock, issuer=issuer)
    async with wired as runtime:
        public = {"GET /api/sample/public": "it says hello to anybody"}
        yield create_app(runtime, title="Sample", routers=[router], public_routes=public)


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


async def count_notes(database: Database) -> int:
    async with database.transaction() as session:
        return int((await session.execute(text("select count(*) from sample.notes"))).scalar_one())
