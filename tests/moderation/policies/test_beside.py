"""A dry run shows what a policy hits as it is set beside what it would hit as proposed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.actors import Actor
from accounts.models import AuditEvent
from moderation import rehearsals
from moderation.models import DryRun, PolicySetting
from moderation.policies import registry
from tests.factories import index, jobs
from tests.factories.people import AdministratorFactory, UserFactory
from tests.moderation.policies.helpers import set_policy

pytestmark = pytest.mark.django_db
CODE = "startup-hooks"


@pytest.fixture
def publications() -> None:
    """One with a startup hook, one without; the policy is off."""
    person = UserFactory(trusted=True)
    set_policy(CODE, enabled=False)
    index.published("quiet", uploader=person)
    index.published("loud", uploader=person, files={"evil.pth": "import os\n"})


def run(numbers=None, **proposed) -> DryRun:
    actor = Actor(user=AdministratorFactory())
    found = rehearsals.start(
        registry.find(CODE), numbers or {"gravity": 3}, actor=actor, **proposed
    )
    jobs.run_all()
    found.refresh_from_db()
    assert found.state == DryRun.State.DONE
    return found


def outcomes(found: DryRun) -> list[tuple[str, str, str]]:
    return [(hit["filename"], hit["now"], hit["outcome"]) for hit in found.hits]


LOUD = "loud-1.0-py3-none-any.whl"


def test_what_is_off_now_would_hold_if_it_were_on(publications):
    found = run()
    assert (found.count_now, found.count, found.differing, found.seen) == (0, 1, 1, 2)
    assert outcomes(found) == [(LOUD, "allow", "hold")]
    assert found.current["enabled"] is False


def test_what_would_be_switched_off_is_shown_with_what_it_does_now(publications):
    set_policy(CODE, enabled=True, action="refuse")
    found = run(enabled=False)
    assert (found.count_now, found.count, found.differing) == (1, 0, 1)
    assert outcomes(found) == [(LOUD, "refuse", "allow")]


def test_another_action_differs_though_the_same_is_hit(publications):
    set_policy(CODE, enabled=True, action="hold")
    found = run(action="observe")
    assert (found.count_now, found.count, found.differing) == (1, 1, 1)
    assert outcomes(found) == [(LOUD, "hold", "observe")]
    assert run(action="hold").differing == 0


def test_the_page_shows_both_side_by_side_and_changes_nothing(client, publications):
    client.force_login(AdministratorFactory())
    before = PolicySetting.objects.get(code=CODE).enabled
    page = reverse("admin:moderation_policysetting_set", args=[CODE])
    told = AuditEvent.objects.filter(action="policy.change").count()
    client.post(page, {"enabled": "on", "action": "refuse", "gravity": "3", "rehearse": "1"})
    jobs.run_all()
    text = client.get(page).content.decode()
    assert "As it was set" in text
    assert f"<strong>{LOUD}</strong>" in text
    assert "published; as it was set: allow, proposed: refuse" in text
    assert "1 of 2 uploads of 30 days, 0 as it was set; 1 differ" in text
    assert PolicySetting.objects.get(code=CODE).enabled is before is False
    assert AuditEvent.objects.filter(action="policy.change").count() == told
