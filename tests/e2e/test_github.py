"""Signing in with GitHub, from the button to the account: a real browser, a real Gatehouse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsers import CHROMIUM, complain, launched
from tests.e2e.github import CLIENT, SECRET, GitHub, Person
from tests.protocol.server import Server, eventually, put_down

PASSWORD = "correct horse battery staple"
BOB = f"""
from accounts import people
from accounts.models import User
user = User.objects.create_user("bob", "bob@example.org", {PASSWORD!r})
people.verify_email(user, user.email)
print("null")
"""
COUNT = "from accounts.models import User; print(User.objects.count())"
WHO = """
import json
from allauth.account.models import EmailAddress
rows = EmailAddress.objects.order_by("pk").values_list("user__username", "email", "verified")
print(json.dumps(list(rows)))
"""

pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="there is no Chromium or Chrome on this machine"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def github() -> Iterator[GitHub]:
    with GitHub() as github:
        yield github


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mails")


@pytest.fixture(scope="module")
def site(github: GitHub, mails: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Gatehouse for the members of one organisation."""
    server = Server(
        tmp_path_factory.mktemp("site") / "data",
        GATEHOUSE_GITHUB_URL=github.url,
        GATEHOUSE_GITHUB_CLIENT_ID=CLIENT,
        GATEHOUSE_GITHUB_CLIENT_SECRET=SECRET,
        GATEHOUSE_GITHUB_ORGANIZATIONS="acme",
        GATEHOUSE_EMAIL_URL=f"filemail:///{mails}",
    )
    try:
        server.start()
        server.script(BOB)
        yield server
    finally:
        put_down(server)


@pytest.fixture
def page(browser: Browser, site: Server) -> Iterator[Page]:
    """A browser of somebody new, that complains of nothing."""
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complain(complaints, message))
    yield page
    context.close()
    # Statuses of refusals are reported as errors of the console, too.
    assert [words for words in complaints if "status of 40" not in words] == []


def member(login: str, number: int, *, verified: bool = True, email: str = "") -> Person:
    address = email or f"{login}@example.org"
    return Person(login, number, {address: verified}, ["zoo", "Acme"])


def go(page: Page, github: GitHub, person: Person, answer: str = "Authorize") -> None:
    """From the button on our page, through GitHub's, to wherever that leads."""
    github.visitor = person
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Continue with GitHub").click()
    expect(page.get_by_text(f"Signed in as {person.login}")).to_be_visible()
    page.get_by_role("button", name=answer).click()


def is_signed_in_as(page: Page, username: str) -> None:
    expect(page.locator(".menu__name")).to_have_text(username)


def nobody_is_signed_in(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def letter(mails: Path, address: str) -> str:
    """The latest e-mail to an address."""

    def found() -> str:
        texts = [path.read_text() for path in sorted(mails.iterdir(), key=_modified)]
        mine = [mail for text in texts for mail in text.split("-" * 79) if f"To: {address}" in mail]
        return mine[-1] if mine else ""

    return eventually(found, because=f"a letter to {address}")


def _modified(path: Path) -> int:
    return path.stat().st_mtime_ns


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign Out").click()


def test_the_first_sign_in_makes_an_account_at_one_click_and_the_second_finds_it(
    page, github, site
):
    ada = Person("ada", 1, {"ada@example.org": True, "ada@other.example": True}, ["Acme"])
    go(page, github, ada)
    is_signed_in_as(page, "ada")
    assert github.scopes_asked == {"user:email", "read:org"}
    assert ["ada", "ada@example.org", True] in site.script(WHO)
    assert "ada@other.example" not in json.dumps(site.script(WHO))
    accounts = site.script(COUNT)
    sign_out(page)
    nobody_is_signed_in(page)
    ada.login, ada.emails = "ada-lovelace", {"countess@example.org": True}
    go(page, github, ada)  # GitHub knows her by her number, and so do we
    is_signed_in_as(page, "ada")
    assert site.script(COUNT) == accounts


def test_a_user_name_that_is_taken_is_said_and_another_chosen(page, github, site):
    go(page, github, member("bob", 2, email="another-bob@example.org"))
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    expect(page.locator("main .banner")).to_contain_text("Somebody has this user name already")
    page.get_by_label("Username").fill("bobby")
    page.get_by_role("button", name="Sign up").click()
    is_signed_in_as(page, "bobby")
    assert ["bobby", "another-bob@example.org", True] in site.script(WHO)


def test_an_address_of_somebody_here_opens_no_account_and_reveals_none(page, github, site, mails):
    accounts = site.script(COUNT)
    stranger = member("mallory", 3, email="bob@example.org")
    go(page, github, stranger)
    expect(page.get_by_role("heading", level=1)).to_have_text("Verify your e-mail address")
    seen = page.locator("main").inner_text()
    nobody_is_signed_in(page)
    assert site.script(COUNT) == accounts
    told = letter(mails, "bob@example.org")
    assert "There is one already" in told
    assert 'connect it under "Connected accounts"' in " ".join(told.split())
    # Somebody whose unverified address nobody has sees the very same page.
    page.context.clear_cookies()
    go(page, github, member("fresh", 4, verified=False))
    expect(page.get_by_role("heading", level=1)).to_have_text("Verify your e-mail address")
    assert page.locator("main").inner_text().replace("fresh@", "bob@") == seen


def test_bob_connects_his_github_himself_and_signs_in_with_it_from_then_on(page, github):
    github.visitor = member("bob-at-github", 5, email="bob@example.org")
    page.goto("/accounts/login/?next=/accounts/3rdparty/")
    page.get_by_label("Login").fill("bob")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Connect GitHub").click()
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)  # who he is is asked again
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("radio", name="bob-at-github")).to_be_visible()
    sign_out(page)
    go(page, github, github.visitor)
    is_signed_in_as(page, "bob")


def test_an_address_that_github_has_not_verified_is_verified_here_first(page, github, site, mails):
    go(page, github, member("eve", 6, verified=False))
    expect(page.get_by_role("heading", level=1)).to_have_text("Verify your e-mail address")
    assert ["eve", "eve@example.org", False] in site.script(WHO)
    told = letter(mails, "eve@example.org")
    code = re.search(r"^[A-Z0-9]{3,}-?[A-Z0-9]{3,}$", told, re.MULTILINE)
    page.get_by_label("Code").fill(code[0])
    page.get_by_role("button", name="Confirm").click()
    is_signed_in_as(page, "eve")
    assert ["eve", "eve@example.org", True] in site.script(WHO)


def test_whoever_denies_access_stays_signed_out(page, github, site):
    accounts = site.script(COUNT)
    go(page, github, member("ivan", 7), answer="Cancel")
    expect(page.get_by_role("heading", level=1)).to_have_text("You did not go on")
    nobody_is_signed_in(page)
    assert site.script(COUNT) == accounts


def link_of(page: Page, github: GitHub, person: Person) -> str:
    """Where GitHub would send the browser; nobody has followed it yet."""
    github.visitor = person
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Continue with GitHub").click()
    fields = page.locator("input[type=hidden]").all()
    form = {field.get_attribute("name"): field.get_attribute("value") for field in fields}
    answer = page.request.post(page.url, form=form | {"answer": "yes"}, max_redirects=0)
    return str(answer.headers["location"])


def test_an_answer_that_another_browser_asked_for_signs_nobody_in(page, github, browser, site):
    """A link that signs its victim in to the attacker's account (RFC 6749, 10.12)."""
    accounts = site.script(COUNT)
    attacker = browser.new_context(base_url=site.url)
    link = link_of(attacker.new_page(), github, member("trudy", 8))
    attacker.close()
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("That did not work")
    nobody_is_signed_in(page)
    page.goto(re.sub("state=[^&]*", "state=forged", link))
    expect(page.get_by_role("heading", level=1)).to_have_text("That did not work")
    nobody_is_signed_in(page)
    assert site.script(COUNT) == accounts


def test_whoever_is_in_no_allowed_organisation_is_told_politely(page, github, site):
    accounts = site.script(COUNT)
    go(page, github, Person("olaf", 9, {"olaf@example.org": True}, ["zoo", "garden"]))
    expect(page.get_by_role("heading", level=1)).to_have_text("Not a member")
    expect(page.locator("main")).to_contain_text("for members of acme on GitHub")
    nobody_is_signed_in(page)
    assert site.script(COUNT) == accounts


def test_whoever_left_the_organisation_does_not_come_in_again(page, github):
    nina = member("nina", 10)
    go(page, github, nina)
    is_signed_in_as(page, "nina")
    sign_out(page)
    nina.organizations = []
    go(page, github, nina)
    expect(page.get_by_role("heading", level=1)).to_have_text("Not a member")
    nobody_is_signed_in(page)
