"""The composition root for what works apart from HTTP."""

from stitch_common.bus.questions import Responder
from stitch_common.process import Worker
from stitch_common.runtime import StoredRuntime
from stitch_content.dashboard.consumers import dashboard_answers, dashboard_consumer
from stitch_content.dashboard.service import DashboardService
from stitch_content.settings import ContentSettings


def create_worker(runtime: StoredRuntime[ContentSettings]) -> Worker:
    dashboard = DashboardService(runtime.database, runtime.clock)
    return Worker(
        consumers=[dashboard_consumer(dashboard)],
        components=[Responder(runtime.bus, "content", dashboard_answers(dashboard))],
    )
