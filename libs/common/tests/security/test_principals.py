"""Roles include each other."""

import pytest

from stitch_common.security.principals import Role


@pytest.mark.parametrize(
    ("role", "covered"),
    [
        (Role.ADMIN, {Role.ADMIN, Role.EDITOR, Role.VIEWER}),
        (Role.EDITOR, {Role.EDITOR, Role.VIEWER}),
        (Role.VIEWER, {Role.VIEWER}),
    ],
)
def test_a_role_may_do_what_the_next_one_may(role: Role, covered: set[Role]) -> None:
    assert {other for other in Role if role.covers(other)} == covered
