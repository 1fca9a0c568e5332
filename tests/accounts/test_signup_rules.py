"""Who may make an account, with which name and which address."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import signing
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts import invitations, prohibitions, signup
from accounts.actors import SYSTEM
from accounts.models import (
    AuditEvent,
    ProhibitedEmailDomain,
    ProhibitedUsername,
    SignupInvitation,
    User,
)
from packages import invitations as role_invitations
from packages import roles
from packages.models import Invitation, Role
from pypi_site.lib.problems import ReasonNeeded
from tests.factories.index import project
from tests.factories.jobs import run_all
from tests.factories.people import AdministratorFactory, UserFactory, actor

PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.django_db


def sign_up(client: Client, username: str = "alice", email: str = "alice@example.org"):
    fields = {"username": username, "email": email, "password1": PASSWORD, "password2": PASSWORD}
    return client.post("/accounts/signup/", fields)


def refusal(response, field: str) -> str:
    assert response.status_code == 200
    assert not User.objects.filter(username="alice").exists()
    return " ".join(response.context["form"].errors[field])


# -- prohibitions ----------------------------------------


@pytest.mark.parametrize("spelling", ["moderator", "Moderator", "mod-erator", "m.o.d_erator"])
def test_a_prohibited_user_name_is_had_in_no_spelling(client, spelling):
    prohibitions.prohibit_username("Mode-Rator", actor=SYSTEM, reason="Ours.")
    assert "Nobody may have" in refusal(sign_up(client, spelling), "username")
    assert "Nobody may have" in refusal(
        client.post("/accounts/signup/passkey/", {"username": spelling, "email": "a@b.example"}),
        "username",
    )


@pytest.mark.parametrize("domain", ["throwaway.example", "mail.throwaway.example"])
def test_addresses_of_a_prohibited_domain_are_taken_nowhere(client, domain):
    """INC-2."""
    prohibitions.prohibit_domain("@Throwaway.example", actor=SYSTEM, reason="Spam.")
    assert "are not taken here" in refusal(sign_up(client, email=f"a@{domain}"), "email")
    user = UserFactory()
    client.force_login(user)
    page = client.post("/accounts/email/", {"action_add": "", "email": f"a@{domain}"})
    assert "are not taken here" in page.content.decode()


def test_a_domain_that_only_ends_alike_is_no_subdomain(client):
    prohibitions.prohibit_domain("away.example", actor=SYSTEM, reason="Spam.")
    assert sign_up(client, email="a@throwaway.example").status_code == 302


def test_what_is_prohibited_is_allowed_again_and_both_leave_a_trace(client):
    row = prohibitions.prohibit_username("alice", actor=SYSTEM, reason="Why.")
    with pytest.raises(prohibitions.AlreadyProhibited):
        prohibitions.prohibit_username("A-lice", actor=SYSTEM, reason="Again.")
    prohibitions.allow(row, actor=SYSTEM, reason="Asked for it.")
    assert sign_up(client).status_code == 302
    trail = AuditEvent.objects.filter(action__startswith="username.").order_by("pk")
    assert [(event.action, event.reason) for event in trail] == [
        ("username.prohibit", "Why."),
        ("username.allow", "Asked for it."),
    ]


@pytest.mark.parametrize("text", ["", "example", "a b.example", "http://x.example", "ex_.ample"])
def test_what_is_no_domain_is_not_prohibited(text):
    with pytest.raises(prohibitions.InvalidDomain):
        prohibitions.prohibit_domain(text, actor=SYSTEM, reason="Why.")


def test_nothing_is_prohibited_without_a_reason():
    with pytest.raises(ReasonNeeded):
        prohibitions.prohibit_domain("x.example", actor=SYSTEM, reason=" ")
    with pytest.raises(ReasonNeeded):
        prohibitions.prohibit_username("x", actor=SYSTEM, reason="")


# -- the admin ----------------------------------------


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(AdministratorFactory())
    return client


@pytest.mark.parametrize(
    ("table", "field", "text", "model"),
    [
        ("prohibitedusername", "name", "Mod-Team", ProhibitedUsername),
        ("prohibitedemaildomain", "domain", "Spam.example", ProhibitedEmailDomain),
        ("signupinvitation", "email", "New@example.org", SignupInvitation),
    ],
)
def test_an_administrator_adds_with_a_reason_and_takes_back_with_one(
    desk, table, field, text, model
):
    address = f"/admin/accounts/{table}/"
    assert desk.get(f"{address}add/").status_code == 200
    without = desk.post(f"{address}add/", {field: text, "reason": ""})
    assert without.status_code == 200
    assert not model.objects.exists()
    added = desk.post(f"{address}add/", {field: text, "reason": "Because."})
    assert added["Location"] == address
    row = model.objects.get()
    assert (getattr(row, field), row.reason) == (text.lower().replace("-", ""), "Because.")
    assert "Because." in desk.get(address).content.decode()
    action = "withdraw" if table == "signupinvitation" else "allow"
    chosen = {"action": action, "_selected_action": [row.pk]}
    asked = desk.post(address, chosen)
    assert b'name="reason"' in asked.content
    desk.post(address, chosen | {"confirmed": "yes", "reason": "Enough."})
    assert AuditEvent.objects.filter(reason="Enough.").count() == 1
    assert not model.objects.exclude(**_over(table)).exists()


def _over(table: str) -> dict[str, object]:
    return {"withdrawn_at__isnull": False} if table == "signupinvitation" else {"pk": 0}


def test_the_same_twice_is_said_on_the_form(desk):
    prohibitions.prohibit_username("modteam", actor=SYSTEM, reason="Why.")
    page = desk.post(
        "/admin/accounts/prohibitedusername/add/", {"name": "Mod.Team", "reason": "Again."}
    )
    assert "is prohibited already" in page.content.decode()


# -- domains that are allowed ----------------------------------------


@pytest.mark.parametrize(
    ("email", "taken"),
    [
        ("a@acme.example", True),
        ("a@Dev.ACME.example", True),
        ("a@acme.example.org", False),
        ("a@notacme.example", False),
    ],
)
def test_only_addresses_of_the_allowed_domains_are_taken(client, settings, email, taken):
    settings.EMAIL_DOMAINS = ["acme.example"]
    response = sign_up(client, email=email)
    if taken:
        assert response.status_code == 302
    else:
        assert "Use an address of acme.example" in refusal(response, "email")


# -- sign-up as the site decides ----------------------------------------


@pytest.mark.parametrize(
    ("mode", "heading"),
    [("closed", "closed"), ("invited", "By invitation"), ("providers", "closed")],
)
def test_a_form_that_is_not_for_everybody_says_so_and_takes_nobody(client, settings, mode, heading):
    settings.SIGNUP = mode
    for address in ("/accounts/signup/", "/accounts/signup/passkey/"):
        assert heading in client.get(address).content.decode()
    sign_up(client)
    assert not User.objects.exists()


@pytest.mark.parametrize("mode", ["invited", "providers", "open"])
def test_whoever_is_invited_follows_the_link_and_is_in(client, settings, mailoutbox, mode):
    settings.SIGNUP = mode
    invitations.invite("Alice@Example.org", actor=SYSTEM, reason="A colleague.")
    run_all()
    assert mailoutbox[0].to == ["alice@example.org"]
    path = re.search(r"http://[^/]+(/accounts/join/\S+)", mailoutbox[0].body)[1]
    assert client.get(path)["Location"] == "/accounts/signup/"
    response = sign_up(client)
    assert response["Location"] == "/"  # the link has proven the address
    assert User.objects.get(username="alice").verified_email == "alice@example.org"


def test_an_invitation_by_link_is_for_its_address_only(client, settings):
    settings.SIGNUP = "invited"
    invitations.invite("alice@example.org", actor=SYSTEM, reason="A colleague.")
    client.get(invitations.link("alice@example.org"))
    assert "Use the address" in refusal(sign_up(client, email="else@example.org"), "email")


@pytest.mark.parametrize("end", ["withdrawn", "expired", "forged", "old", "used"])
def test_a_link_that_is_over_opens_nothing(client, settings, end):
    settings.SIGNUP = "invited"
    row = invitations.invite("alice@example.org", actor=SYSTEM, reason="A colleague.")
    link = invitations.link("alice@example.org")
    if end == "withdrawn":
        invitations.withdraw(row, actor=SYSTEM, reason="A mistake.")
    elif end == "expired":
        past = timezone.now() - timedelta(days=20)
        SignupInvitation.objects.update(created_at=past, expires_at=past + timedelta(days=1))
    elif end == "forged":
        link = link[:-5] + "AAAAA/"
    elif end == "old":
        settings.INVITATION_DAYS = -1
    else:
        UserFactory(email="alice@example.org")
    page = client.get(link)
    assert (
        page["Location"] == "/accounts/invitations/" if end == "used" else page.status_code == 410
    )
    assert "By invitation" in client.get("/accounts/signup/").content.decode()


def test_a_link_withdrawn_while_the_form_is_open_takes_nobody(client, settings):
    settings.SIGNUP = "invited"
    row = invitations.invite("alice@example.org", actor=SYSTEM, reason="A colleague.")
    client.get(invitations.link("alice@example.org"))
    invitations.withdraw(row, actor=SYSTEM, reason="A mistake.")
    sign_up(client)
    assert not User.objects.filter(username="alice").exists()


def test_an_invitation_to_a_project_lets_its_receiver_sign_up_and_accept(
    client, settings, mailoutbox
):
    settings.SIGNUP = "invited"
    demo, owner = project(), UserFactory()
    Role.objects.create(project=demo, user=owner, kind="owner")
    roles.invite(demo, "alice@example.org", "maintainer", actor=actor(owner))
    run_all()
    (mail,) = [mail for mail in mailoutbox if mail.to == ["alice@example.org"]]
    client.get(re.search(r"http://[^/]+(/accounts/join/\S+)", mail.body)[1])
    assert sign_up(client)["Location"] == "/"
    invitation = Invitation.objects.get()
    client.post(f"/accounts/invitations/{invitation.identifier}/accept/")
    assert demo.roles.get(user__username="alice").kind == "maintainer"


def test_a_withdrawn_invitation_to_a_project_opens_no_sign_up(client, settings):
    settings.SIGNUP = "invited"
    demo, owner = project(), UserFactory()
    Role.objects.create(project=demo, user=owner, kind="owner")
    made = roles.invite(demo, "alice@example.org", "maintainer", actor=actor(owner))
    assert invitations.is_invited("alice@example.org")
    role_invitations.withdraw(made, actor=actor(owner))
    assert client.get(invitations.link("alice@example.org")).status_code == 410


def test_a_second_invitation_replaces_the_first():
    invitations.invite("a@example.org", actor=SYSTEM, reason="One.")
    invitations.invite("A@example.org", actor=SYSTEM, reason="Two.")
    assert SignupInvitation.objects.get().reason == "Two."
    with pytest.raises(invitations.InvalidAddress):
        invitations.invite("nonsense", actor=SYSTEM, reason="Three.")


def test_the_key_of_a_link_is_of_no_use_elsewhere():
    key = signing.dumps("alice@example.org", salt="somewhere else")
    assert invitations.read(key) is None


# -- who comes from a provider ----------------------------------------


class Login:
    """What allauth knows of somebody who comes from a provider."""

    is_existing = False

    def __init__(self, *addresses: tuple[str, bool, bool]) -> None:
        self.user = User(username="ada")
        self.email_addresses = [
            EmailAddress(email=email, verified=verified, primary=primary)
            for email, verified, primary in addresses
        ]


@pytest.mark.parametrize(
    ("addresses", "chosen"),
    [
        ([("a@x.example", True, False), ("b@x.example", True, True)], "b@x.example"),
        ([("a@x.example", False, True), ("b@x.example", True, False)], "b@x.example"),
        ([("a@x.example", True, True), ("b@acme.example", True, False)], "b@acme.example"),
    ],
)
def test_one_of_the_addresses_is_kept_the_most_useful(settings, addresses, chosen):
    if any("acme" in email for email, _, _ in addresses):
        settings.EMAIL_DOMAINS = ["acme.example"]
    login = Login(*addresses)
    signup.choose_address(login)
    assert [address.email for address in login.email_addresses] == [chosen]
    assert login.user.email == chosen


@pytest.mark.parametrize(
    ("mode", "verified", "is_open"),
    [
        ("open", False, True),
        ("providers", True, True),
        ("invited", True, True),
        ("invited", False, False),
        ("closed", True, False),
    ],
)
def test_a_provider_opens_the_door_as_far_as_the_site_wants(rf, settings, mode, verified, is_open):
    settings.SIGNUP = mode
    invitations.invite("a@example.org", actor=SYSTEM, reason="A colleague.")
    request = rf.get("/")
    request.session = {}
    addresses = Login(("a@example.org", verified, True)).email_addresses
    assert signup.is_open_to(request, addresses) is is_open


def test_only_a_verified_address_finds_its_owner():
    UserFactory(email="a@example.org", verified=False)
    assert signup.verified_owner("a@example.org") is None
    owner = UserFactory(email="b@example.org")
    assert signup.verified_owner("B@example.org") == owner
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert signup.verified_owner("b@example.org") is None


def test_rules_are_validation_errors(settings):
    settings.SIGNUP = "invited"
    with pytest.raises(ValidationError):
        signup.require_invited("nobody@example.org")
