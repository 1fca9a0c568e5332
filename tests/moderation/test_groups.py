"""Whoever is staff and in the group of moderators does all of the desk, and nothing else."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, CiIdentity
from moderation import decisions, groups
from moderation.actions import ACTIONS
from moderation.models import Decision, ProhibitedName, SimilarityException
from packages.models import Project
from tests.factories.desk import reported
from tests.factories.index import held, published
from tests.factories.people import AdministratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db

# Every table that a member sees in the admin, and what he may do there besides.
SEEN = {
    "moderation.case": {"view"},
    "moderation.heldupload": {"view"},
    "moderation.prohibitedname": {"view", "add", "change"},
    "moderation.similarityexception": {"view", "add"},
    "packages.project": {"view", "change"},
}


@pytest.fixture
def member():
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=groups.MODERATORS))
    return user


def test_a_migration_makes_the_group_with_the_rights_of_every_action():
    group = Group.objects.get(name="Moderators")
    rows = group.permissions.values_list("content_type__app_label", "codename")
    assert {f"{app}.{codename}" for app, codename in rows} == groups.PERMISSIONS
    assert {action.permission for action in ACTIONS.values()} < groups.PERMISSIONS


def test_the_group_is_left_as_administrators_have_made_it():
    group = Group.objects.get(name="Moderators")
    group.permissions.clear()
    groups.ensure()
    assert not group.permissions.exists()


def test_a_group_of_a_former_version_gets_what_is_new():
    group = Group.objects.get(name="Moderators")
    new = ["change_prohibitedname", "add_similarityexception", "delete_similarityexception"]
    group.permissions.remove(*Permission.objects.filter(codename__in=new))
    groups.ensure()
    assert set(new) <= set(group.permissions.values_list("codename", flat=True))


def test_a_member_prohibits_a_name_releases_it_and_frees_it(member, client):
    client.force_login(member)
    names = "/admin/moderation/prohibitedname/"
    given = {"names": "Evil_Name", "reason": "Known squat."}
    looked = client.post(f"{names}add/", given)
    given |= {"confirmed": "yes", "seen": looked.context["seen"]}
    assert b"evil-name" in client.post(f"{names}add/", given, follow=True).content
    row = ProhibitedName.objects.get()
    friend = UserFactory()
    client.post(f"{names}{row.pk}/release/", {"username": friend.username, "reason": "His."})
    row.refresh_from_db()
    assert row.released_to == friend
    chosen = {"action": "allow", "_selected_action": row.pk, "confirmed": "1", "reason": "Not bad."}
    client.post(names, chosen)
    assert not ProhibitedName.objects.exists()


def test_a_member_excepts_a_pair_that_the_check_of_a_name_offers(member, client):
    client.force_login(member)
    place = "/admin/moderation/similarityexception/"
    assert b"Except this pair" in client.get(f"{place}check/?name=reqests").content
    pair = {"candidate": "reqests", "target": "requests", "owner": "", "reason": "No squat."}
    answer = client.post(f"{place}add/", pair, follow=True)
    assert (answer.status_code, SimilarityException.objects.count()) == (200, 1)


@pytest.mark.parametrize("verb", ACTIONS)
def test_a_member_takes_every_decision_and_undoes_it(verb, member, client):
    stage = held("fresh") if verb in ("approve", "reject") else None
    project = published().project
    target = {"approve": stage, "reject": stage, "freeze": project.roles.get().user}.get(
        verb, project
    )
    case = stage.cases.get() if stage else reported(project)
    if verb == "clear":
        decisions.quarantine(case, project, actor=actor(member), reason="first")
        case = reported(project)
    client.force_login(member)
    assert client.get(case.get_absolute_url()).status_code == 200
    decision = decisions.decide(case, verb, target, actor=actor(member), reason="It harms.")
    decisions.undo(decision, actor=actor(member), reason="It does not.")
    assert Decision.objects.get(pk=decision.pk).state == "undone"
    assert AuditEvent.objects.filter(action=f"case.{verb}", user=member).exists()


def test_a_member_sees_the_desk_and_the_figures(member, client):
    client.force_login(member)
    for address in ("/admin/", "/admin/moderation/case/figures/", "/api/v1/figures/"):
        assert client.get(address).status_code == 200


def test_no_link_of_a_case_leads_a_member_where_he_may_not_go(member, client):
    stage = held()
    stage.created_by_ci = job = CiIdentity.objects.create(
        issuer="https://token.example.org",
        identifier="job-1",
        key="ann/demo",
        label="job of ann/demo",
        expires_at=timezone.now(),
    )
    stage.save()
    cases = [stage.cases.get(), reported(published("other").project)]
    client.force_login(member)
    for case in cases:
        page = client.get(case.get_absolute_url()).content.decode()
        for address in set(re.findall(r'href="(/admin/[^"#]+)', page)):
            assert client.get(unescape(address)).status_code == 200, address
    assert str(job) in client.get(cases[0].get_absolute_url()).content.decode()
    assert stage.created_by.username in client.get(cases[0].get_absolute_url()).content.decode()
    client.force_login(AdministratorFactory())
    page = client.get(cases[0].get_absolute_url()).content.decode()
    assert reverse("admin:accounts_user_change", args=[stage.created_by.pk]) in page
    assert reverse("admin:accounts_ciidentity_change", args=[job.pk]) in page


def test_a_member_may_do_nothing_else_in_the_admin(member):
    request = RequestFactory().get("/admin/")
    request.user = member
    found = {
        model._meta.label_lower: {right for right, has in rights(shown, request).items() if has}
        for model, shown in admin.site._registry.items()
    }
    assert {label: rights for label, rights in found.items() if rights} == SEEN


def rights(shown: admin.ModelAdmin, request) -> dict[str, bool]:
    return {
        "view": shown.has_view_permission(request),
        "add": shown.has_add_permission(request),
        "change": shown.has_change_permission(request),
        "delete": shown.has_delete_permission(request),
    }


def test_the_group_alone_lets_nobody_into_the_admin(client):
    user = UserFactory()
    user.groups.add(Group.objects.get(name="Moderators"))
    client.force_login(user)
    assert client.get(reverse("admin:index")).status_code == 302
    assert Project.objects.count() == 0
