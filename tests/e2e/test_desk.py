"""The moderators' desk in a real browser: by keyboard alone, on a phone, without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from moderation import observations
from moderation.models import Case, Decision, ReadyReason
from moderation.observations import Report
from packages.models import File
from tests.e2e import test_face
from tests.e2e.test_face import AA, CONTRASTS, FAULTS, browser  # noqa: F401 - a fixture
from tests.factories.index import held, published, submit
from tests.factories.people import KeeperFactory, UserFactory, actor

pytestmark = test_face.pytestmark
PASSWORD = "correct horse battery"
FILES = {"demo/__init__.py": "import os\n\n\ndef run():\n    return os.name\n"}


@pytest.fixture
def site(live_server) -> str:
    """Ten uploads that wait, and something that was reported."""
    for number in range(10):
        held(f"fresh-{number}", files=FILES)
    place = {"member": "demo/__init__.py", "line": 5, "excerpt": "return os.name"}
    given = Report("malware", "It reads the name of the system.", lines=[place])
    observations.report(published(files=FILES), given, actor=actor(UserFactory()))
    for kind, text in (("approved", "Sound."), ("rejected", "No software."), ("approved", "Nice.")):
        ReadyReason.objects.create(kind=kind, text=text)
    keeper = KeeperFactory(username="morag")
    keeper.set_password(PASSWORD)
    keeper.save()
    return str(live_server.url)


def browse(browser, site, **options) -> Page:  # noqa: F811
    options = {"viewport": {"width": 1280, "height": 900}, **options}
    page = browser.new_context(base_url=site, **options).new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


@pytest.fixture
def page(browser, site):  # noqa: F811
    """A browser's page, signed in by keyboard, that fails the test on any complaint."""
    page = browse(browser, site)
    sign_in(page)
    yield page
    page.context.close()
    assert page.complaints == []


def sign_in(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("Login").focus()
    page.keyboard.type("morag")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")


def title(page: Page) -> str:
    return page.locator("#content h1").inner_text()


def test_ten_held_uploads_are_cleared_by_the_keyboard_alone(page):
    keys = page.keyboard
    keys.press("j")
    expect(page.locator(":focus")).to_contain_text("fresh-0 1.0")
    keys.press("Enter")
    page.wait_for_url("**/change/")
    for number in range(10):
        expect(page.locator("#content h1")).to_contain_text(f"fresh-{number} 1.0")
        reject = number % 2
        keys.press("r" if reject else "a")
        page.wait_for_url("**/decide/**")
        keys.press("1" if reject else "2")
        keys.press("Enter")
        page.wait_for_url("**/change/")
    expect(page.locator("#content h1")).to_contain_text("demo 1.0")
    decided = Decision.objects.order_by("pk").values_list("kind", "reason", "moderator__username")
    assert (
        list(decided)
        == [
            ("approved", "Nice.", "morag"),
            ("rejected", "No software.", "morag"),
        ]
        * 5
    )
    assert Case.objects.live().count() == 1
    assert File.objects.offered().count() == 6  # five, and what was public before


def test_the_keys_move_select_search_and_explain_themselves(page):
    keys = page.keyboard
    for _ in range(3):
        keys.press("j")
    keys.press("k")
    expect(page.locator(":focus")).to_contain_text("fresh-1 1.0")
    keys.press("x")
    assert page.get_by_label("Select fresh-1 1.0").is_checked()
    keys.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    keys.press("/")
    keys.type("jacka")  # a, c, j, k are letters here
    expect(page.get_by_label("Search")).to_have_value("jacka")
    keys.press("Escape")
    keys.press("j")
    expect(page.locator(":focus")).to_contain_text("fresh-2 1.0")


def test_keys_of_the_queue_act_on_what_is_selected_else_on_the_current_case(page):
    keys = page.keyboard
    heading = page.locator("#content h1")
    keys.press("j")
    keys.press("a")
    page.wait_for_url("**/bulk/approve/")
    expect(heading).to_have_text("Approve 1 case")
    expect(page.locator("#consequences")).to_contain_text("fresh-0 1.0")
    keys.press("1")
    with page.expect_navigation():
        keys.press("Enter")
    assert Decision.objects.get().title.startswith("fresh-0 1.0")
    for _ in range(2):
        keys.press("j")
        keys.press("x")
    keys.press("j")
    keys.press("r")
    page.wait_for_url("**/bulk/reject/")
    expect(heading).to_have_text("Reject 2 cases")
    expect(page.locator("#consequences > li > a")).to_contain_text(["fresh-1 1.0", "fresh-2 1.0"])
    with page.expect_navigation():
        keys.press("Escape")
    keys.press("X")
    expect(page.get_by_label("All of this page")).to_be_checked()
    page.get_by_label("Select fresh-5 1.0").uncheck()
    expect(page.get_by_label("All of this page")).not_to_be_checked()
    with page.expect_navigation():
        keys.press("c")
    assert Case.objects.live().filter(claimed_by__username="morag").count() == 9
    keys.press("X")
    keys.press("X")
    assert page.locator("[data-row] :checked").count() == 0


def test_any_file_of_a_release_is_looked_for_and_then_acted_upon(page):
    case = Case.objects.get(kind="malware")
    page.goto(case.get_absolute_url())
    page.keyboard.press("q")
    page.wait_for_url("**/decide/quarantine/")
    page.get_by_label("Another version or file").fill("none-any")
    page.keyboard.press("Enter")
    page.wait_for_url("**find=none-any")
    expect(page.locator(":focus")).to_have_text("file demo-1.0-py3-none-any.whl")
    page.keyboard.press("Enter")
    page.wait_for_url("**target=file-**")
    expect(page.locator("#content h1")).to_have_text("Quarantine file demo-1.0-py3-none-any.whl")
    page.keyboard.press("1")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert File.objects.exclude(quarantined_at=None).get().filename == "demo-1.0-py3-none-any.whl"


def test_a_case_is_claimed_noted_left_and_decided_in_own_words_by_keys(page):
    keys = page.keyboard
    keys.press("j")
    keys.press("Enter")
    page.wait_for_url("**/change/")
    keys.press("c")
    expect(page.get_by_role("button", name="Give it back")).to_be_visible()
    keys.press("n")
    keys.type("jack, are you sure?")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_text("jack, are you sure?")).to_be_visible()
    keys.press("j")
    expect(page.locator("#content h1")).to_contain_text("fresh-1 1.0")
    keys.press("k")
    expect(page.locator("#content h1")).to_contain_text("fresh-0 1.0")
    keys.press("r")
    page.wait_for_url("**/decide/**")
    keys.press("Escape")
    page.wait_for_url("**/change/")
    keys.press("r")
    page.wait_for_url("**/decide/**")
    keys.press("t")
    keys.type("a reason of my own")
    keys.press("Tab")
    keys.press("Enter")
    page.wait_for_url("**/change/")
    decision = Decision.objects.get()
    assert (decision.kind, decision.reason) == ("rejected", "a reason of my own")
    page.goto(decision.case.get_absolute_url())
    keys.press("z")
    page.wait_for_url("**/undo/")
    keys.press("t")
    keys.type("I was wrong")
    keys.press("Tab")
    keys.press("Enter")
    page.wait_for_url("**/change/")
    decision.refresh_from_db()
    assert decision.state == "undone"


def test_the_uploader_is_asked_and_the_case_laid_aside_in_ready_words_by_keys(page):
    keys = page.keyboard
    page.goto(Case.objects.filter(kind="held").earliest("pk").get_absolute_url())
    for key, number, kind, step in (("e", 2, "question", "ask"), ("w", 1, "event", "wait")):
        wanted = ReadyReason.objects.filter(kind=step)[number - 1].text
        page.reload()
        keys.press(key)
        expect(page.locator(":focus")).to_have_attribute("type", "radio")
        assert page.locator("[name=ready]:checked").count() == 0
        keys.press(str(number))
        with page.expect_navigation():
            keys.press("Enter")
        note = Case.objects.filter(kind="held").earliest("pk").notes.get(kind=kind)
        assert note.text.endswith(wanted)


def test_words_of_ones_own_take_the_place_of_ready_ones(page):
    page.goto(Case.objects.filter(kind="held").earliest("pk").get_absolute_url())
    keys = page.keyboard
    keys.press("w")
    keys.press("Space")
    keys.press("Tab")
    keys.type("eh? we wait")  # letters here
    assert page.locator("[name=ready]:checked").count() == 0
    keys.press("Tab")
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.get_by_text("Waits: eh? we wait")).to_be_visible()


def test_every_page_explains_its_keys_and_escape_leads_back(page):
    keys = page.keyboard
    base = Case.objects.get(kind="malware").get_absolute_url().removesuffix("change/")
    file = f"{base}files/file-{File.objects.get().pk}/"
    pages = {
        f"{base}decide/quarantine/": f"{base}change/",
        file: f"{base}change/",
        f"{file}member/?path=demo/__init__.py": file,
    }
    for path, back in pages.items():
        page.goto(path)
        leave_by_keys(page, back)
    page.goto("/admin/")
    for name in ("fresh-0", "fresh-1"):
        page.get_by_label(f"Select {name} 1.0").check()
    page.get_by_role("button", name="Reject…").click()
    expect(page.locator("#content h1")).to_have_text("Reject 2 cases")
    leave_by_keys(page, "/admin/")
    keys.press("j")
    expect(page.locator(":focus")).to_contain_text("fresh-0 1.0")


def leave_by_keys(page: Page, back: str) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{back}")


def every(page: Page):
    """One page of each kind."""
    reported = Case.objects.get(kind="malware")
    key = f"file-{File.objects.get().pk}"
    base = f"/admin/moderation/case/{reported.pk}/"
    for path in (
        "/admin/",
        f"{base}change/",
        f"{base}decide/quarantine/",
        f"{base}files/{key}/",
        f"{base}files/{key}/member/?path=demo/__init__.py",
        Case.objects.filter(kind="held").first().get_absolute_url(),
        "/admin/moderation/case/figures/",
    ):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
        yield path


@pytest.mark.parametrize("width", [360, 768])
def test_no_page_of_the_desk_scrolls_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    wide = {path: page.evaluate("document.documentElement.scrollWidth") for path in every(page)}
    assert {path: each for path, each in wide.items() if each > width} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_desk_is_readable_and_everything_has_a_name(page, scheme):
    page.emulate_media(color_scheme=scheme)
    faults, poor = {}, {}
    for path in every(page):
        found = page.evaluate(FAULTS)
        faults[path] = [f for f in found if "skips a level" not in f and "nav-filter" not in f]
        contrasts = page.evaluate(CONTRASTS)
        poor[path] = [each for each in contrasts if each["ratio"] < AA and _is_ours(each["key"])]
    assert {path: found for path, found in faults.items() if found} == {}
    assert {path: found for path, found in poor.items() if found} == {}


def _is_ours(key: str) -> bool:
    """Django's own header and buttons have the colours that Django gives them."""
    blocks = ("queue", "case", "tag", "source", "tabs", "tree", "desk", "counts", "reasons", "plot")
    return key.partition(".")[2].startswith(blocks)


def test_a_case_is_decided_without_scripts(browser, site):  # noqa: F811
    page = browse(browser, site, java_script_enabled=False)
    sign_in(page)
    assert page.locator(".keys__button:visible").count() == 0
    page.get_by_role("link", name="fresh-0 1.0").click()
    page.get_by_role("link", name="Approve").click()
    page.get_by_label("Sound.").check()
    page.get_by_role("button", name="Approve").click()
    assert title(page).startswith("fresh-1 1.0 (")
    assert Decision.objects.get().reason == "Sound."
    page.context.close()
    assert User.objects.filter(username="morag").exists()


def test_all_files_of_a_release_are_approved_together_by_keys(browser, site):  # noqa: F811
    uploader = UserFactory(username="many")
    for tag in ("py3-none-any", "cp311-abi3-win_amd64"):
        submit(uploader, "wheels", tag=tag)
    page = browse(browser, site)
    sign_in(page)
    case = Case.objects.filter(title__startswith="wheels 1.0").earliest("pk")
    page.goto(case.get_absolute_url())
    expect(page.get_by_role("heading", name="1 more upload of this release waits")).to_be_visible()
    page.keyboard.press("Shift+A")
    page.wait_for_url("**/bulk/approve/")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")
    assert File.objects.offered().filter(release__project__name="wheels").count() == 2
    page.context.close()
    assert page.complaints == []
