"""The steps of the way of a request, read from the code that takes them.

A part of the way is a class that is given its collaborators; a step is a call of one of them. Both
are found in the sources, so that nobody has to remember to write a new one down here.
"""

import ast
import inspect
import textwrap
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

CALLED, LOOKED_UP = "__call__", "__getitem__"


@dataclass(frozen=True, slots=True)
class Step:
    """A call of a collaborator's method, by the part that makes it."""

    part: type[Any]
    collaborator: str
    """The constructor's parameter."""
    method: str

    @property
    def place(self) -> str:
        return f"{self.part.__name__}.{self.collaborator}"

    def __str__(self) -> str:
        return f"{self.place}.{self.method}"


def collaborators(part: type[Any]) -> dict[str, str]:
    """The constructor's parameters, by the attributes that keep them."""
    found: dict[str, str] = {}
    if not inspect.isfunction(part.__init__):  # it is given nothing
        return found
    for node in ast.walk(_tree(part.__init__)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            name = _name(node.value)
            if name in inspect.signature(part).parameters:
                found[node.targets[0].attr] = name
    return found


def steps(part: type[Any], *, except_for: Collection[str]) -> list[Step]:
    """In the order of the code, each once; parameters that are no collaborators are left out."""
    kept = collaborators(part)
    found = [
        Step(part, kept[attribute], method)
        for attribute, method in _uses(_tree(part))
        if attribute in kept and kept[attribute] not in except_for
    ]
    return list(dict.fromkeys(found))


def is_awaited(step: Step) -> bool:
    """Whether the answer of the real one comes later."""
    kind = inspect.signature(step.part).parameters[step.collaborator].annotation
    return inspect.iscoroutinefunction(getattr(kind, step.method, None))


def _tree(code: Any) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(code)))


def _name(node: ast.AST) -> str:
    """Of `x`, and of the `x` in `x or Y()`."""
    if isinstance(node, ast.BoolOp):
        return _name(node.values[0])
    return node.id if isinstance(node, ast.Name) else ""


def _uses(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """`self.a.b`, `self.a(…)` and `self.a[…]`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (attribute := _of_self(node.value)):
            yield attribute, node.attr
        elif isinstance(node, ast.Subscript) and (attribute := _of_self(node.value)):
            yield attribute, LOOKED_UP
        elif isinstance(node, ast.Call) and (attribute := _of_self(node.func)):
            yield attribute, CALLED


def _of_self(node: ast.AST) -> str | None:
    is_ours = (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )
    return node.attr if is_ours and isinstance(node, ast.Attribute) else None
