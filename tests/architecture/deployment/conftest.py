"""What the tests of deploy/ look at."""

import pytest
from tests.architecture.deployment.cluster import Cluster, overlay


@pytest.fixture(scope="session", params=["dev", "prod"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Each overlay in turn."""
    return overlay(request.param)
