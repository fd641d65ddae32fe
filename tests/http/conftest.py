"""Two doors: a service's own port, and the gateway's in front of services that remember."""

from collections.abc import AsyncGenerator, Generator

import pytest
from tests.http.street import Street, street
from tests.http.wire import Recorder, served


@pytest.fixture(scope="session")
def recording() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
async def service_port(recording: Recorder) -> AsyncGenerator[int]:
    async with served(recording) as port:
        yield port


@pytest.fixture
def recorder(recording: Recorder) -> Generator[Recorder]:
    yield recording
    recording.forget()


@pytest.fixture
def port(service_port: int, recorder: Recorder) -> int:
    """Of a service that is asked directly."""
    return service_port


@pytest.fixture(scope="session")
async def whole_street() -> AsyncGenerator[Street]:
    async with street() as found:
        yield found


@pytest.fixture
def two_hops(whole_street: Street) -> Generator[Street]:
    yield whole_street
    whole_street.forget()
