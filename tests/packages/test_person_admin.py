"""The page of a person in the admin: everything at a glance, every verb with a reason."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts import people, tokens
from accounts.actors import SYSTEM
from accounts.models import ApiToken, AuditEvent, CiIdentity, Recovery, User
from packages.models import MintedToken, Project, Role, Team, TeamMember, TeamRole
from packages.person_verbs import VERBS
from tests.factories import jobs
from tests.factories.people import AdministratorFactory, UserFactory, token_for

pytestmark = pytest.mark.django_db


def make_clerk(*names):
    clerk = UserFactory(is_staff=True)
    wanted = names or ("view_user", "change_user", "delete_user", "recover_user")
    clerk.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    return clerk


@pytest.fixture
def clerk():
    """Somebody of the staff who may change accounts."""
    return make_clerk()


@pytest.fixture
def browser(clerk):
    return browser_of(clerk)


def browser_of(user):
    browser = Client()
    browser.force_login(user)
    return browser


def address(user, page="change"):
    return f"/admin/accounts/user/{user.pk}/{page}/"


def do(browser, user, verb, **form):
    return browser.post(address(user, f"do/{verb}"), {"reason": "because", **form})


def furnish(user, number):
    """Something of everything, with names that tell them apart."""
    project, by_team = (
        Project.objects.create(name=name, normalized_name=name)
        for name in (f"own-{number}", f"team-{number}")
    )
    Role.objects.create(project=project, user=user, kind=Role.Kind.OWNER)
    team = Team.objects.create(name=f"crew-{number}")
    TeamMember.objects.create(team=team, user=user, kind="member")
    TeamRole.objects.create(team=team, project=by_team, kind="maintainer")
    publisher = project.publishers.create(
        issuer="https://issuer.example",
        key=f"me/repo-{number}",
        facts={"repository": f"me/repo-{number}"},
        fingerprint=str(number),
        added_by=user,
    )
    Authenticator.objects.create(user=user, type="totp" if number else "webauthn", data={})
    SocialAccount.objects.create(user=user, provider=f"forge{number}", uid=f"uid-{number}")
    token = tokens.mint(user, actor=SYSTEM, name=f"key-{number}", limited=True)[0]
    token.projects.create(project=project)
    browser_of(user)
    return project, publisher


def minted_by(publisher, number=0):
    from datetime import timedelta

    from django.utils import timezone

    ci = CiIdentity.objects.create(
        issuer=publisher.issuer,
        identifier=f"jti-{number}",
        key=publisher.key,
        label=f"job {number} of {publisher.key}",
        expires_at=timezone.now(),
    )
    ends = timezone.now() + timedelta(minutes=15)
    token, text = tokens.mint_for_ci(ci, actor=SYSTEM, expires_at=ends, single_use=False)
    MintedToken.objects.create(token=token, publisher=publisher)
    return token, text


def test_everything_of_a_person_is_on_one_page(browser):
    person = UserFactory(username="ann")
    _, publisher = furnish(person, 1)
    minted_by(publisher)
    people.freeze(person, actor=SYSTEM, reason="Stolen it seems")
    page = browser.get(address(person)).content.decode()
    for text in (
        person.email,
        "verified",
        "authenticator app",
        "uid-1",
        "key-1",
        "own-1",
        "owner",
        "crew-1",
        "team-1",
        "maintainer by crew-1",
        "me/repo-1",
        "job 0 of me/repo-1",
        "Stolen it seems",
        "An API token was made",
        f"person__id__exact={person.pk}",
    ):
        assert text in page


def test_the_page_costs_the_same_however_much_there_is(
    browser, django_assert_max_num_queries, django_assert_num_queries
):
    person = UserFactory()
    furnish(person, 0)
    browser.get(address(person))
    with django_assert_max_num_queries(35) as spent:
        browser.get(address(person))
    for number in range(1, 4):
        Authenticator.objects.filter(user=person).delete()
        furnish(person, number)
    with django_assert_num_queries(len(spent)):
        assert "own-3" in browser.get(address(person)).content.decode()


def test_states_of_tokens_are_told_apart(browser):
    from datetime import timedelta

    from django.utils import timezone

    person = UserFactory()
    live, over, gone = (tokens.mint(person, actor=SYSTEM, name=name)[0] for name in "abc")
    made = timezone.now() - timedelta(days=2)
    ended = timezone.now() - timedelta(days=1)
    ApiToken.objects.filter(pk=over.pk).update(created_at=made, expires_at=ended)
    tokens.revoke(gone, actor=SYSTEM)
    page = browser.get(address(person)).content.decode()
    table = page.partition('id="tokens"')[2].partition("</table>")[0]
    rows = {row.split("gate-")[1][:12]: row for row in table.split("<tr") if "gate-" in row}
    for token, state in ((live, "live"), (over, "expired"), (gone, "revoked")):
        assert f'data-label="State">{state}' in rows[token.identifier]


# -- verbs ----------------------------------------------------------------------------------------


def test_freeze_and_unfreeze_are_reversible_and_listed(browser, clerk):
    person = UserFactory(username="ann")
    assert do(browser, person, "freeze", reason="Took over names").status_code == 302
    listed = browser.get("/admin/accounts/frozenuser/").content.decode()
    for text in ("ann", clerk.username, "Took over names"):
        assert text in listed
    assert do(browser, person, "unfreeze", reason="A mistake").status_code == 302
    assert "Took over names" not in browser.get("/admin/accounts/frozenuser/").content.decode()
    person.refresh_from_db()
    assert person.is_active
    trail = AuditEvent.objects.filter(action__startswith="user.").order_by("pk")
    assert [(row.action, row.user, row.reason) for row in trail] == [
        ("user.freeze", clerk, "Took over names"),
        ("user.unfreeze", clerk, "A mistake"),
    ]


def test_the_list_of_frozen_accounts_costs_the_same_for_many(browser, django_assert_num_queries):
    people.freeze(UserFactory(), actor=SYSTEM, reason="one")
    browser.get("/admin/accounts/frozenuser/")
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as spent:
        browser.get("/admin/accounts/frozenuser/")
    for _ in range(3):
        people.freeze(UserFactory(), actor=SYSTEM, reason="another")
    with django_assert_num_queries(len(spent)):
        browser.get("/admin/accounts/frozenuser/")


def test_the_frozen_are_unfrozen_from_their_list(browser):
    person = UserFactory()
    people.freeze(person, actor=SYSTEM, reason="one")
    form = {"action": "unfreeze", "_selected_action": person.pk, "confirmed": "yes"}
    browser.post("/admin/accounts/frozenuser/", {**form, "reason": "his again"})
    person.refresh_from_db()
    assert person.is_active


def test_sign_out_everywhere(browser):
    person = UserFactory()
    person.set_password("a long sentence 4 gates")
    person.save()
    victim = Client()
    form = {"login": person.username, "password": "a long sentence 4 gates"}
    victim.post("/accounts/login/", form)
    assert victim.get("/accounts/tokens/").status_code == 200
    do(browser, person, "sign-out")
    assert victim.get("/accounts/tokens/").status_code == 302
    event = AuditEvent.objects.get(action="session.end_all")
    assert (event.after, event.reason) == ({"count": 1}, "because")


def test_revoke_all_reaches_minted_tokens_and_leaves_publishers(browser):
    """INC-8."""
    person, other = UserFactory(), UserFactory()
    _, publisher = furnish(person, 1)
    minted, text = minted_by(publisher)
    _, foreign = furnish(other, 2)
    _, foreign_text = minted_by(foreign, 2)
    own = token_for(person)
    do(browser, person, "revoke")
    assert tokens.verify(own) is tokens.verify(text) is None
    assert tokens.verify(foreign_text)
    assert minted in ApiToken.objects.filter(revoked_at__isnull=False)
    assert publisher in type(publisher).objects.all()


def test_recovery_takes_two_or_time(browser, clerk):
    person = UserFactory()
    do(browser, person, "recover", email="back@example.org", reason="Ticket 7, repository")
    row = Recovery.objects.get()
    assert (row.user, row.email, row.reason) == (person, "back@example.org", "Ticket 7, repository")
    page = do(browser, person, "finish-recovery")
    assert "may object until" in page.content.decode()
    colleague = browser_of(make_clerk())
    assert "back@example.org" in colleague.get(address(person)).content.decode()
    assert do(colleague, person, "finish-recovery").status_code == 302
    assert User.objects.get(pk=person.pk).verified_email == "back@example.org"


def test_rights_are_given_by_administrators_and_recorded_and_told(mailoutbox):
    person, group = UserFactory(), Group.objects.create(name="Desk")
    right = Permission.objects.get(codename="decide_heldupload")
    boss = browser_of(AdministratorFactory())
    form = {"is_staff": "on", "groups": [group.pk], "permissions": [right.pk]}
    assert do(boss, person, "rights", **form, reason="New moderator").status_code == 302
    person = User.objects.get(pk=person.pk)
    assert person.is_staff
    assert person.has_perm("moderation.decide_heldupload")
    event = AuditEvent.objects.get(action="user.rights")
    assert (event.before, event.reason) == ({"rights": []}, "New moderator")
    assert event.after == {"rights": ["staff", "group Desk", "decide_heldupload"]}
    jobs.run_all()
    (letter,) = mailoutbox
    assert "Rights: staff, group Desk, decide_heldupload" in letter.body
    again = do(boss, person, "rights", **form)
    assert "has these rights already" in again.content.decode()


def test_an_administrator_changes_not_his_own_rights():
    boss = AdministratorFactory()
    answer = do(browser_of(boss), boss, "rights")
    assert "your own account" in answer.content.decode()
    boss.refresh_from_db()
    assert boss.is_superuser


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_wants_a_reason(verb):
    person = UserFactory()
    before = AuditEvent.objects.count()
    answer = do(
        browser_of(AdministratorFactory()), person, verb, reason="  ", email="x@example.org"
    )
    assert answer.status_code == 200
    assert AuditEvent.objects.count() == before


# -- who may --------------------------------------------------------------------------------------

OF_ONES_OWN = {"sign-out", "revoke", "cancel-recovery"}  # anybody may do that himself
GUARDED = sorted(set(VERBS) - {"trust", "distrust"})


@pytest.mark.parametrize("verb", GUARDED)
def test_staff_acts_on_nobody_who_may_more_and_not_on_itself(browser, clerk, verb):
    boss = AdministratorFactory()
    Recovery.objects.create(user=boss, email="x@example.org", reason="a trick")
    Recovery.objects.create(user=clerk, email="y@example.org", reason="a trick")
    for user in (boss, make_clerk("view_user"), clerk):
        if user == clerk and verb in OF_ONES_OWN:
            continue
        before = (user.is_active, user.is_staff, user.is_superuser, user.email)
        answer = do(browser, user, verb, email="thief@example.org", is_superuser="on")
        assert answer.status_code in (200, 403)
        now = User.objects.get(pk=user.pk)
        assert (now.is_active, now.is_staff, now.is_superuser, now.email) == before
    assert not AuditEvent.objects.filter(action__startswith="user.").exists()


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_takes_its_right(verb):
    """TOB-PYPI26-7."""
    looking = browser_of(make_clerk("view_user"))
    person = UserFactory()
    assert looking.get(address(person)).status_code == 200
    assert f"do/{verb}/" not in looking.get(address(person)).content.decode()
    assert do(looking, person, verb).status_code == 403
    assert looking.get(address(person, f"do/{verb}")).status_code == 403


@pytest.mark.parametrize("verb", ["freeze", "unfreeze"])
def test_a_moderator_who_freezes_at_the_desk_may_here(verb):
    moderator = make_clerk("view_user", "freeze_person")
    person = UserFactory(is_active=verb == "freeze")
    answer = do(browser_of(moderator), person, verb)
    assert answer.status_code == 302


def test_people_without_a_right_see_no_page():
    for user in (UserFactory(), make_clerk("decide_heldupload")):
        answer = browser_of(user).get(address(UserFactory()))
        assert answer.status_code in (302, 403)


@pytest.mark.parametrize("page", ["change", "password", "delete"])
def test_staff_touches_neither_administrators_nor_itself(browser, clerk, page):
    for user in (AdministratorFactory(), clerk):
        answer = browser.post(address(user, page), {"is_superuser": "on", "post": "yes"})
        assert answer.status_code == 403
        user.refresh_from_db()
    assert not clerk.is_superuser


def test_nobody_sets_the_password_of_somebody_else():
    person = UserFactory()
    form = {"password1": "another sentence 4 gates", "password2": "another sentence 4 gates"}
    boss = browser_of(AdministratorFactory())
    assert boss.post(address(person, "password"), form).status_code == 403


def test_several_are_treated_at_once_with_one_reason(browser):
    crowd = [UserFactory() for _ in range(3)]
    form = {"action": "freeze", "_selected_action": [user.pk for user in crowd]}
    browser.post("/admin/accounts/user/", {**form, "confirmed": "yes", "reason": "A spam wave"})
    assert User.objects.filter(is_active=False).count() == 3


# -- beside the page ------------------------------------------------------------------------------


def test_staff_changes_its_own_password_where_everybody_does(browser):
    assert browser.get("/admin/password_change/")["Location"] == "/accounts/password/change/"


def test_an_account_that_staff_made_is_in_the_trail():
    boss = browser_of(AdministratorFactory())
    secret = "another sentence 4 gates"
    form = {"username": "newcomer", "usable_password": "true"}
    answer = boss.post(
        "/admin/accounts/user/add/", {**form, "password1": secret, "password2": secret}
    )
    assert answer.status_code == 302
    event = AuditEvent.objects.get(action="user.sign_up")
    assert event.person == User.objects.get(username="newcomer")
    assert event.after == {"how": "by staff"}
