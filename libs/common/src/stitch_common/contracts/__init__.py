"""The facts that travel on the bus: one module a producing service, pydantic and stdlib only."""

from stitch_common.contracts.base import Fact, all_facts, fact_for_subject

__all__ = ["Fact", "all_facts", "fact_for_subject"]
