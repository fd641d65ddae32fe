"""Logs: JSON lines with service, request id and trace id, also for libraries."""

import logging
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import trace

from stitch_common.context import request_id
from stitch_common.settings import ServiceSettings


def configure(service: str, settings: ServiceSettings) -> None:
    """Send every log line of this process to stderr as JSON."""

    def add_origin(
        _logger: Any, _method: str, line: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        line["service"] = service
        if current := request_id.get():
            line["request_id"] = current
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            line["trace_id"] = trace.format_trace_id(span.trace_id)
        return line

    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_origin,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    for chatty in ("uvicorn.error", "httpx", "httpcore", "alembic", "faststream"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
