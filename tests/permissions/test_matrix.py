"""The matrix itself: every actor against every row (see the package)."""

from __future__ import annotations

import pytest

from tests.permissions import (
    administration,
    desk,
    own_pages,
    programs,
    project_pages,
    team_verbs,
    teams,
    uploads,
    verbs,
)
from tests.permissions.actions import Action
from tests.permissions.capabilities import MODES

pytestmark = pytest.mark.django_db

ROWS: dict[str, list[Action]] = {
    "project pages": project_pages.ACTIONS,
    "programs": programs.ACTIONS,
    "uploads": uploads.ACTIONS,
    "own pages": own_pages.ACTIONS,
    "teams": teams.ACTIONS,
    "desk": desk.ACTIONS,
    "administration": administration.ACTIONS,
}
VERBS = [*verbs.VERBS, *team_verbs.VERBS]
ROUNDS = [
    (door, mode)
    for door, rows in ROWS.items()
    for mode in MODES
    if any(mode in row.modes for row in rows)
]


@pytest.mark.parametrize("mode", ["public", "private"])
def test_the_functions_behind_the_doors_see_for_themselves_who_may(court, mode):
    wrong = [f"{verb}: {complaint}" for verb in VERBS for complaint in court.complaints_about(verb)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("door", "mode"), ROUNDS)
def test_everybody_does_what_he_may_and_nobody_anything_else(court, door, mode):
    wrong = [
        f"{row}: {complaint}"
        for row in ROWS[door]
        if mode in row.modes
        for complaint in court.complaints(row)
    ]
    assert not wrong, "\n".join(wrong)
