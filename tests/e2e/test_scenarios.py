"""Attacks as they happened elsewhere, from twine to pip, with a moderator at a browser between."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import AuditEvent, User
from moderation.models import Case, Decision, ReservedPrefix
from packages.models import Project
from tests.e2e import test_face
from tests.e2e.test_desk import PASSWORD, browse, sign_in
from tests.e2e.test_face import browser  # noqa: F401 - a fixture
from tests.factories.dists import make_wheel
from tests.factories.people import KeeperFactory, UserFactory, token_for
from tests.protocol.clients import Tools

pytestmark = test_face.pytestmark

# The .pth of a release that stole credentials from whoever started Python.
STEALER = "import base64; exec(base64.b64decode('cHJpbnQoMSk='))\n"
REASON = "It runs hidden code at each start of Python."


@pytest.fixture
def owner() -> User:
    return UserFactory(username="olga", trusted=True)


@pytest.fixture
def tools(live_server, owner, tmp_path: Path) -> Tools:
    """The clients of the owner, or of whoever has her token."""
    home = tmp_path / "home"
    home.mkdir()
    return Tools(live_server.url, home, token_for(owner))


@pytest.fixture
def page(browser, live_server):  # noqa: F811
    """Morag at her desk; any complaint of her browser fails the test."""
    keeper = KeeperFactory(username="morag")
    keeper.set_password(PASSWORD)
    keeper.save()
    page = browse(browser, live_server.url)
    sign_in(page)
    yield page
    page.context.close()
    assert page.complaints == []


def decide(page: Page, action: str, reason: str, *, target: str = "", stay: bool = False) -> None:
    """Choose what to do on the page of a case, to what, and say why."""
    page.get_by_role("link", name=action, exact=False).first.click()
    page.wait_for_url("**/decide/**")
    if target:
        page.get_by_role("navigation", name="What to act upon").get_by_text(target).click()
    page.get_by_role("textbox", name="words").fill(reason)
    if stay and page.get_by_label("The case is decided with this").count():
        page.get_by_label("The case is decided with this").uncheck()
    page.get_by_role("button", name=action).click()
    page.wait_for_url(lambda address: "/decide/" not in address)


def installed(tools: Tools, folder: Path, *what: str) -> tuple[bool, list[str]]:
    """Whether pip succeeds, and what lies in the folder then."""
    done = tools.pip("install", "--no-deps", "--target", folder, *what)
    return done.returncode == 0, sorted(path.name for path in folder.glob("*"))


def test_a_stolen_token_is_stopped_on_the_desk_before_pip_sees_anything(
    page, tools, owner, tmp_path: Path
):
    sound = make_wheel(tmp_path / "sound", "stolen", "1.82.6")
    assert tools.twine(sound).returncode == 0
    files = {"stolen/__init__.py": "", "stolen_init.pth": STEALER}
    bad = make_wheel(tmp_path / "bad", "stolen", "1.82.8", files=files)
    done = tools.twine(bad, options=["--verbose"])
    assert "202 Accepted, held for review by a moderator" in done.stdout

    page.goto("/admin/")
    page.get_by_role("link", name="stolen 1.82.8").click()
    why = page.get_by_role("region", name="Why it is here")
    expect(why).to_contain_text("stolen_init.pth:1")
    expect(why.locator(".places__excerpt").first).to_contain_text("base64.b64decode")
    expect(why.locator(".tag").get_by_text("startup_hook")).to_be_visible()
    expect(page.get_by_text("Changed since 1.82.6")).to_be_visible()
    expect(page.locator(".comparison__alarm")).to_have_text("Runs at each start of Python:")
    change = page.get_by_role("region", name="Changed lines of stolen_init.pth")
    expect(change.locator(".source__line--added")).to_contain_text("exec(base64.b64decode")

    decide(page, "Freeze the account", "Her token is in foreign hands.", stay=True)
    case = Case.objects.get(kind="held")
    assert case.is_live  # the upload waits still: freezing is a decision of its own
    page.goto(case.get_absolute_url())
    decide(page, "Reject", REASON)

    owner.refresh_from_db()
    assert not owner.is_active
    again = make_wheel(tmp_path / "again", "stolen", "1.82.9", files=files)
    refused = tools.twine(again)
    assert refused.returncode != 0
    assert "403" in refused.stdout
    assert not Case.objects.live().exists()
    kinds = list(Decision.objects.order_by("pk").values_list("kind", "reason"))
    assert kinds == [("frozen", "Her token is in foreign hands."), ("rejected", REASON)]
    trail = AuditEvent.objects.get(action="case.reject")
    assert (trail.before["subject"]["status"], trail.after["subject"]["status"]) == (
        "processing",
        "canceled",
    )

    done, names = installed(tools, tmp_path / "target", "stolen")
    assert done
    assert "stolen-1.82.6.dist-info" in names
    assert not [name for name in names if name.endswith(".pth")]
    assert not installed(tools, tmp_path / "exact", "stolen==1.82.8")[0]


def test_names_that_language_models_invent_never_reach_pip(page, tools, live_server, tmp_path):
    ReservedPrefix.objects.create(prefix="acme", reason="They are Acme's own")
    near = "swaps two letters of `requests`"
    refused = {"reqeusts": near, "acme-billing": "kept for others"}
    for name, why in refused.items():
        done = tools.twine(make_wheel(tmp_path / name, name))
        assert done.returncode != 0
        assert why in done.stdout
        assert not installed(tools, tmp_path / f"target-{name}", name)[0]

    newcomer = Tools(live_server.url, tools.home, token_for(UserFactory(username="mallory")))
    done = newcomer.twine(
        make_wheel(tmp_path / "slop", "tabular-orm-session-box"), options=["--verbose"]
    )
    assert "held for review" in done.stdout
    page.goto("/admin/")
    page.get_by_role("link", name="tabular-orm-session-box 1.0").click()
    expect(page.get_by_role("region", name="Why it is here")).to_contain_text("mallory")
    decide(page, "Prohibit the name", "A name that only language models know.", stay=True)
    page.goto(Case.objects.get(title__startswith="tabular-orm-session-box 1.0").get_absolute_url())
    decide(page, "Reject", "It lies in wait for typing errors.")

    assert not installed(tools, tmp_path / "target", "tabular-orm-session-box")[0]
    again = tools.twine(make_wheel(tmp_path / "again", "tabular-orm-session-box"))
    assert again.returncode != 0
    assert "tabular-orm-session-box" in again.stdout
    assert not Project.objects.filter(
        normalized_name="tabular-orm-session-box", published_at__isnull=False
    ).exists()


@pytest.mark.parametrize("client", ["pip", "uv"])
def test_a_quarantined_release_beside_clean_ones(page, tools, tmp_path: Path, client, live_server):
    for version in ("1.0", "1.1"):
        assert tools.twine(make_wheel(tmp_path / version, "beside", version)).returncode == 0

    def install(name: str, what: str) -> tuple[bool, list[str]]:
        folder = tmp_path / name
        ask = tools.uv_install if client == "uv" else lambda *words: tools.pip("install", *words)
        words = ("--refresh",) if client == "uv" else ()
        done = ask("--no-deps", "--target", folder, *words, what)
        return done.returncode == 0, [path.name for path in folder.glob("*.dist-info")]

    assert install("before", "beside") == (True, ["beside-1.1.dist-info"])

    page.goto("/project/beside/report/?version=1.1")
    page.get_by_label("What is wrong?").select_option("malware")
    page.get_by_label("What did you see?").fill("It sends my environment to a paste site.")
    page.get_by_role("button", name="Send the report").click()
    page.goto("/admin/")
    page.get_by_role("link", name="beside 1.1").click()
    decide(page, "Quarantine", "It sends secrets away.")

    assert install("clean", "beside") == (True, ["beside-1.0.dist-info"])
    assert install("bad", "beside==1.1") == (False, [])

    page.goto(Case.objects.get().get_absolute_url())
    page.get_by_role("link", name="Undo: clear the quarantine").click()
    page.get_by_role("textbox", name="words").fill("The report was mistaken.")
    page.get_by_role("button", name="Undo: clear the quarantine").click()
    page.wait_for_url("**/change/")
    assert install("after", "beside") == (True, ["beside-1.1.dist-info"])
    assert install("exact", "beside==1.1") == (True, ["beside-1.1.dist-info"])
