"""Merging the services' OpenAPI 3.1 documents into one that describes what can be reached."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stitch_gateway.docs.limited import with_refusal
from stitch_gateway.routing.models import Access, Route

Document = dict[str, Any]

SHARED = frozenset({"Problem", "FieldProblem"})
"""Components that all services have from the same code; every other name gets its service's."""
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
REFERENCE = "#/components/"
VARIABLE = re.compile(r"\{[^}]*\}")
SCHEMES = {
    "AccessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token that `POST /api/auth/token` gives, good for 15 minutes.",
    },
    "GuestToken": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`RSVP <token>`, with the token of the link in a guest's invitation.",
    },
}
SCHEME_OF = {"bearer": "AccessToken", "rsvp": "GuestToken"}


def merge(
    documents: Mapping[str, Document], routes: Iterable[Route], *, head: Document
) -> Document:
    """One document under this head; what the routing table does not reach is left out."""
    table = tuple(routes)
    paths: dict[str, dict[str, Any]] = {}
    components: dict[str, dict[str, Any]] = {}
    for service, document in documents.items():
        named = _with_own_names(document, service)
        for path, method, operation in _operations(named, service, table):
            paths.setdefault(path, {})[method] = operation
        for section, entries in named.get("components", {}).items():
            components.setdefault(section, {}).update(entries)
    _add_moved(paths, table)
    merged = {**head, "tags": _tags(paths), "paths": paths}
    merged["components"] = {**_reachable(paths, components), "securitySchemes": SCHEMES}
    return merged


def _with_own_names(document: Document, service: str) -> Document:
    """The same document with its components, and what points at them, renamed."""
    renamed: Document = _renaming(document, service)
    components = renamed.get("components", {})
    renamed["components"] = {
        section: {_own_name(name, service): entry for name, entry in entries.items()}
        for section, entries in components.items()
        if section != "securitySchemes"
    }
    return renamed


def _renaming(node: Any, service: str) -> Any:
    if isinstance(node, dict):
        return {key: _renaming(value, service) for key, value in node.items()}
    if isinstance(node, list):
        return [_renaming(item, service) for item in node]
    if isinstance(node, str) and node.startswith(REFERENCE):
        start, _, name = node.rpartition("/")
        return f"{start}/{_own_name(name, service)}"
    return node


def _own_name(name: str, service: str) -> str:
    return name if name in SHARED else f"{service}.{name}"


def _operations(
    document: Document, service: str, routes: tuple[Route, ...]
) -> Iterator[tuple[str, str, Document]]:
    """What of this service can be reached, with the credentials that the gateway asks for."""
    reachable = {
        (method.lower(), _shape(route.path)): route
        for route in routes
        if route.upstream == service and route.moved is None
        for method in route.methods
    }
    for path, item in document.get("paths", {}).items():
        shared = item.get("parameters", [])
        for method in METHODS:
            route = reachable.get((method, _shape(path)))
            if method in item and route is not None:
                described = _operation(item[method], shared, route)
                kind = route.class_of(method.upper())
                described["responses"] = with_refusal(described.get("responses", {}), kind)
                yield path, method, described


def _operation(operation: Document, shared: list[Any], route: Route) -> Document:
    described = {
        **operation,
        "operationId": f"{route.upstream}_{operation.get('operationId', route.path)}",
        "security": _security(route.access),
    }
    if parameters := [*shared, *operation.get("parameters", [])]:
        described["parameters"] = parameters
    return described


def _security(access: Access) -> list[dict[str, list[str]]]:
    """Alternatives; the empty one says that nothing is needed. No entry: nothing is asked for."""
    known: list[dict[str, list[str]]] = [
        {SCHEME_OF[scheme]: []} for scheme in sorted(access.schemes) if scheme in SCHEME_OF
    ]
    return [{}, *known] if access.is_open and known else known


def _add_moved(paths: dict[str, dict[str, Any]], routes: tuple[Route, ...]) -> None:
    """Old paths are documented as what they lead to, and as deprecated."""
    by_shape = {_shape(path): path for path in paths}
    for route in routes:
        if route.moved is None:
            continue
        new_path = by_shape.get(_shape(route.moved.template))
        for method in map(str.lower, route.methods):
            operation = paths.get(new_path or "", {}).get(method)
            if operation:
                paths.setdefault(route.path, {})[method] = {
                    **operation,
                    "deprecated": True,
                    "operationId": f"{operation['operationId']}_moved",
                    "description": f"Moved to `{new_path}`.",
                }


def _shape(path: str) -> str:
    return VARIABLE.sub("{}", path).rstrip("/")


def _tags(paths: Mapping[str, Mapping[str, Document]]) -> list[dict[str, str]]:
    names = dict.fromkeys(
        tag
        for item in paths.values()
        for operation in item.values()
        for tag in operation.get("tags", [])
    )
    return [{"name": name} for name in names]


def _reachable(paths: Document, components: Document) -> Document:
    """The components that operations use, by way of others or not."""
    found: dict[str, dict[str, Any]] = {}
    waiting = list(references(paths))
    while waiting:
        section, name = waiting.pop()
        entry = components.get(section, {}).get(name)
        if entry is not None and name not in found.setdefault(section, {}):
            found[section][name] = entry
            waiting += references(entry)
    return {section: dict(sorted(entries.items())) for section, entries in found.items()}


def references(node: Any) -> Iterator[tuple[str, str]]:
    """Every component that this part of a document points at: its section and its name."""
    if isinstance(node, dict):
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, str) and node.startswith(REFERENCE):
        section, _, name = node.removeprefix(REFERENCE).partition("/")
        yield section, name
