"""Who works through a part of the queue stays in it, in its order."""

from __future__ import annotations

import pytest
from django.urls import reverse

from moderation import queues
from moderation.models import Case
from moderation.queues import Wish
from tests.factories.desk import many_cases
from tests.factories.people import KeeperFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(client):
    user = KeeperFactory()
    client.force_login(user)
    return user


def walk(user, wish) -> list[Case]:
    """From the first to the last, as `j` goes."""
    found = [queues.chosen(wish, user).first()]
    while (following := queues.next_after(found[-1], user, wish)) not in found:
        found.append(following)
    return found


@pytest.mark.parametrize("order", ["oldest", "newest", "gravest"])
@pytest.mark.parametrize("chosen", [{}, {"kind": "malware"}, {"text": "many-1"}])
def test_next_and_previous_walk_through_what_was_chosen_in_its_order(keeper, order, chosen):
    many_cases(20)
    for case in Case.objects.all():  # some grave, some at the same moment
        severity = 1 + case.pk % 3
        opened = case.opened_at.replace(minute=0, second=0, microsecond=0)
        Case.objects.filter(pk=case.pk).update(severity=severity, opened_at=opened)
    wish = Wish(order=order, **chosen)
    forward = walk(keeper, wish)
    assert forward == list(queues.chosen(wish, keeper))
    back = [queues.before(case, keeper, wish) for case in forward]
    assert back == [None, *forward[:-1]]


def test_what_is_laid_aside_or_somebody_elses_is_passed_over_unless_it_was_chosen(keeper):
    first, second, third = many_cases(3)
    first.refresh_from_db()
    Case.objects.filter(pk=second.pk).update(state="waiting")
    Case.objects.filter(pk=third.pk).update(state="claimed", claimed_by=KeeperFactory())
    assert queues.next_after(first, keeper) is None
    assert queues.before(first, keeper) is None
    assert queues.next_after(first, keeper, Wish(view="asked")) == second


def test_who_looks_at_what_is_decided_goes_on_with_what_waits(keeper):
    first, second = many_cases(2)
    Case.objects.filter(pk=first.pk).update(state="decided", decided_at=first.opened_at)
    for view in ("decided", "all"):
        assert queues.next_after(first, keeper, Wish.of({"view": view})) == second


def test_the_pages_of_cases_remember_what_was_chosen(client, keeper):
    *_, malware, _spam = many_cases(5)
    other = many_cases(4, first=5)[3]
    queue = f"{reverse('admin:index')}?kind=malware&order=newest"
    assert malware.kind == "malware"
    Case.objects.filter(pk=other.pk).update(kind="malware")
    client.get(queue)
    page = client.get(malware.get_absolute_url())
    assert page.context["next"] == other
    assert f'href="{queue.replace("&", "&amp;")}"' in page.content.decode()
    decide = reverse("admin:moderation_case_decide", args=[malware.pk, "dismiss"])
    answer = client.post(decide, {"reason": "Nothing is wrong with it."})
    assert answer.url == other.get_absolute_url()
    decide = reverse("admin:moderation_case_decide", args=[other.pk, "dismiss"])
    assert client.post(decide, {"reason": "Nor with this."}).url == queue
    client.get(reverse("admin:index"))
    assert client.get(malware.get_absolute_url()).context["desk"] == reverse("admin:index")
