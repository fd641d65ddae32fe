"""Finding the row of a path: literals before numbers, numbers before text, text before the rest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from stitch_gateway.routing.errors import (
    DuplicateRouteError,
    MethodNotAllowedError,
    UnknownRouteError,
)
from stitch_gateway.routing.models import VARIABLE, Match, Route

MAX_DIGITS = 19
REMEMBERED = 4096
"""Paths that were asked for last."""


@dataclass(slots=True)
class _Node:
    """What the segments so far may be followed by."""

    literals: dict[str, "_Node"] = field(default_factory=dict)
    number: "_Node | None" = None
    text: "_Node | None" = None
    rest: dict[str, Route] = field(default_factory=dict)
    here: dict[str, Route] = field(default_factory=dict)
    """Rows that end here, by method."""


class RouteTable:
    """All rows, compiled once; a path that no row names does not exist."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._root = _Node()
        # What is not there is never remembered, so nobody crowds out what is asked for.
        self.find = lru_cache(maxsize=REMEMBERED)(self._find)
        """The row for a normalised path; UnknownRouteError or MethodNotAllowedError."""
        for route in self.routes:
            self._add(route)

    def _find(self, method: str, path: str) -> Match:
        for rows, captured in self._ends(path):
            if method in rows:
                return Match(rows[method], captured)
        allowed = self.methods(path)
        raise MethodNotAllowedError(headers={"allow": ", ".join(sorted(allowed))})

    def methods(self, path: str) -> frozenset[str]:
        """Which methods there are for this path; UnknownRouteError if there are none."""
        taken = frozenset[str]().union(*(rows for rows, _ in self._ends(path)))
        if not taken:
            raise UnknownRouteError
        return taken | {"OPTIONS"}

    def _ends(self, path: str) -> "list[End]":
        """Every place where this path may end, the most exact first."""
        found: list[End] = []
        _walk(self._root, _segments(path), 0, (), found)
        return found

    def _add(self, route: Route) -> None:
        node = self._root
        segments = _segments(route.template)
        takes_rest = bool(segments) and segments[-1].endswith(":path}")
        for segment in segments[:-1] if takes_rest else segments:
            node = _child(node, segment)
        ends = node.rest if takes_rest else node.here
        for method in route.methods:
            if method in ends:
                raise DuplicateRouteError(f"{method} {route.template}")
            ends[method] = route


def fill(template: str, values: Mapping[str, str]) -> str:
    """The path that a template makes of these values."""
    return VARIABLE.sub(lambda variable: values[variable["name"]], template)


def _segments(path: str) -> list[str]:
    return path.split("/")[1:] if path != "/" else []


def _child(node: _Node, segment: str) -> _Node:
    variable = VARIABLE.match(segment)
    if variable is None:
        return node.literals.setdefault(segment, _Node())
    if variable["kind"] == "int":
        node.number = node.number or _Node()
        return node.number
    node.text = node.text or _Node()
    return node.text


End = tuple[dict[str, Route], tuple[str, ...]]
"""Rows by method, and what the variables on the way to them stand for."""


def _walk(
    node: _Node, segments: list[str], at: int, captured: tuple[str, ...], found: list[End]
) -> None:
    if at == len(segments):
        if node.here:
            found.append((node.here, captured))
        return
    head = segments[at]
    literal = node.literals.get(head)
    if literal is not None:
        _walk(literal, segments, at + 1, captured, found)
    if node.number is not None and _is_number(head):
        _walk(node.number, segments, at + 1, (*captured, head), found)
    if node.text is not None:
        _walk(node.text, segments, at + 1, (*captured, head), found)
    if node.rest:
        found.append((node.rest, (*captured, "/".join(segments[at:]))))


def _is_number(segment: str) -> bool:
    return segment.isascii() and segment.isdigit() and len(segment) <= MAX_DIGITS
