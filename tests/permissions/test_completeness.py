"""No address, no method and no verb is forgotten, and no row outlives what it is about."""

from __future__ import annotations

import pytest
from django.contrib import admin

from tests.permissions import administration, behind, openly, routes, team_verbs
from tests.permissions.actions import Action
from tests.permissions.actors import ACTORS
from tests.permissions.capabilities import MODES, WHO
from tests.permissions.test_matrix import ROWS, VERBS

BEHIND = behind.BEHIND | team_verbs.BEHIND
NAMED = {(row.method, row.route) for rows in ROWS.values() for row in rows}
FOUND = dict(routes.routes())
# Whoever could do most, at each kind of door.
MIGHTIEST = ("anonymous", "owner", "administrator", "token", "minted token")


PLACES = {
    "number": "0",
    "team": "crew",
    "content_type_id": "1",
    "form": "rss",
    "format": "json",
    "username": "owner",
    "key": "nonsense",
    "url": "nothing/",
    "rest": "py3/d/demo/nothing.whl",
    "object_id": "1",
    "app_label": "packages",
    "uidb36": "1",
    "provider_id": "some",
    "verb": "claim",
    "id": "1",
}


def _takes(method, route, pattern):
    """Whether the method may be answered as if it were another."""
    if openly.is_read_by_all(route, pattern.callback) or route in openly.ONLY_SHOWN:
        return True
    return route.startswith("admin/") or method in ("PUT", "PATCH", "DELETE", "GET")


def test_every_address_has_a_row_or_is_read_by_all():
    named = {route for _, route in NAMED}
    forgotten = [
        route
        for route, pattern in FOUND.items()
        if route not in named and not openly.is_read_by_all(route, pattern.callback)
    ]
    assert [route for route in forgotten if not route.endswith("<path:object_id>/")] == []


def test_no_row_is_about_an_address_that_is_gone():
    assert {route for _, route in NAMED} - FOUND.keys() == set()
    assert (openly.READ_BY_ALL | openly.ADMINS_OWN | openly.ONLY_SHOWN) - FOUND.keys() == set()


def test_every_function_that_takes_an_actor_has_a_row_or_a_door_before_it():
    named = {verb.name for verb in VERBS} | BEHIND.keys()
    assert set(routes.verbs()) == named


def test_no_function_has_both():
    assert {verb.name for verb in VERBS} & BEHIND.keys() == set()
    assert behind.BEHIND.keys() & team_verbs.BEHIND.keys() == set()


def test_every_table_of_the_admin_and_every_action_of_it_has_a_row():
    found = {model._meta.label_lower: table for model, table in admin.site._registry.items()}
    assert found.keys() == administration.TABLES.keys()
    for label, table in found.items():
        actions = {getattr(each, "__name__", each) for each in table.actions or ()}
        assert actions == administration.ACTS.get(label, {}).keys(), label


def test_every_capability_is_somebodys_and_every_one_is_asked_for():
    wanted = {row.who for rows in ROWS.values() for row in rows}
    wanted |= {verb.who for verb in VERBS}
    assert wanted == WHO.keys()
    assert {name for name, actors in WHO.items() if not actors} == {"nobody"}
    assert set().union(*WHO.values()) == ACTORS.keys()


@pytest.mark.django_db
@pytest.mark.parametrize("mode", MODES[:1])
def test_a_method_that_no_row_names_is_not_taken_and_changes_nothing(court, mode):
    wrong = []
    for route, pattern in FOUND.items():
        for method in routes.METHODS:
            if (method, route) not in NAMED:
                row = Action(method, route, "nobody", door="open", at=PLACES)
                wrong += [
                    f"{row}: {each}"
                    for each in court.surprises(row, MIGHTIEST, _takes(method, route, pattern))
                ]
    assert not wrong, "\n".join(wrong)
