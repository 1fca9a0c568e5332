"""The pages in a real browser: nothing blocked, nothing sideways, nothing out of reach."""

import re
from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress
from playwright.sync_api import Browser, Page

from accounts.models import User
from packages.models import ProjectStatus
from tests.e2e.browsers import CHROMIUM, launched
from tests.packages.test_views import A_DAY, make_file, make_project, make_release

PAGES = {
    "front": "/",
    "project": "/project/gate-keeper/",
    "older release": "/project/gate-keeper/1.0/",
    "restructuredtext": "/project/drawbridge/",
    "quarantined": "/project/trebuchet/",
    "search": "/search/",
    "search without results": "/search/?q=nothing-of-that-name",
    "feeds and APIs": "/help/apis/",
    "sign in": "/accounts/login/",
    "sign up": "/accounts/signup/",
    "not found": "/project/nobody/",
}
AA = 4.5  # WCAG 2.2, 1.4.3
MARKDOWN = f"""
# A gate keeper

Lets in who may come in: see [the guide](https://example.org/guide) and `gate.open()`.

```python
@keeper("Ada")
def open(gate: Gate, *, height: float = 2.5) -> None:  # {"a long remark " * 8}
    return gate.raise_to(height, unit="m")
```

| Gate | Keeper | {" | ".join("Column of a wide table" for _ in range(6))} |
|------|--------|{"---|" * 6}
| North | Ada |

{"averylongword" * 20}
"""
RST = "Drawbridge\n==========\n\n.. warning:: Mind the moat.\n\n.. code:: python\n\n   return 1\n"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # The server starts before a test of its own says where static files are: the finders know.
    pytest.mark.filterwarnings("ignore:No directory at"),
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium or Chrome on this machine"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def site(live_server) -> str:
    """An index with something of every kind."""
    keeper = make_project()
    for version in ("1.0", "2.0"):
        metadata = {"description": MARKDOWN, "keywords": ["gate"], "classifier": ["Topic :: X"]}
        release = make_release(keeper, version, metadata=metadata, requires_python=">=3.11")
        make_file(release, f"gate_keeper-{version}.tar.gz")
        tag = "cp312-cp312-manylinux_2_17_x86_64"
        make_file(release, f"gate_keeper-{version}-{tag}.whl")
    rst = {"description": RST, "description_content_type": "text/x-rst"}
    bridge = make_project("drawbridge", status=ProjectStatus.DEPRECATED, status_reason="Rusty.")
    make_release(bridge, yanked_at=A_DAY, yanked_reason="It creaks.", metadata=rst)
    make_release(make_project("trebuchet", status=ProjectStatus.QUARANTINED))
    return str(live_server.url)


@pytest.fixture
def page(browser, site) -> Iterator[Page]:
    """A browser's page that fails the test on any complaint of the browser."""
    context = browser.new_context(base_url=site, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    # Chromium reports the status of a missing page as an error of the console.
    assert [words for words in complaints if "404 (Not Found)" not in words] == []


def every(page: Page) -> Iterator[str]:
    """Go to one page after the other: every test would else pay for the database anew."""
    for name, path in PAGES.items():
        page.goto(path)
        yield name


def test_nothing_is_blocked_and_nothing_comes_from_elsewhere(page, site):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: asked.append(f"failed: {request.url}"))
    for name in every(page):
        page.wait_for_load_state("networkidle")
        assert page.evaluate("getComputedStyle(document.body).margin") == "0px", name
        assert page.locator(".copy-button[hidden]").count() == 0, name
    assert [url for url in asked if not url.startswith(site)] == []


@pytest.mark.parametrize("width", [320, 360, 768])
def test_no_page_scrolls_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    widths = {name: page.evaluate("document.documentElement.scrollWidth") for name in every(page)}
    assert {name: wide for name, wide in widths.items() if wide > width} == {}


def test_every_page_has_landmarks_one_heading_and_names_for_everything(page):
    for name in every(page):
        assert page.locator("html[lang]").count() == 1, name
        assert page.title(), name
        for landmark in ("header.masthead", "main", "footer", "h1"):
            assert page.locator(landmark).count() == 1, (name, landmark)
        assert page.evaluate(FAULTS) == [], name


# What a checker of accessibility would look at first.
FAULTS = """() => {
  const faults = [];
  const visible = (e) => e.checkVisibility();
  const name = (e) => (e.textContent + (e.getAttribute("aria-label") || "")
    + [...e.querySelectorAll("img")].map((img) => img.alt).join("")).trim();
  for (const e of document.querySelectorAll("a[href], button, summary"))
    if (visible(e) && !name(e)) faults.push("no name: " + e.outerHTML);
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!e.labels.length) faults.push("no label: " + e.outerHTML);
  for (const e of document.querySelectorAll("img:not([alt])"))
    faults.push("no alt: " + e.outerHTML);
  for (const e of document.querySelectorAll("[tabindex]"))
    if (e.tabIndex > 0) faults.push("positive tabindex: " + e.outerHTML);
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids.filter((id, place) => ids.indexOf(id) !== place))
    faults.push("id twice: " + id);
  for (const attribute of ["aria-labelledby", "aria-describedby"])
    for (const e of document.querySelectorAll(`[${attribute}]`))
      for (const id of e.getAttribute(attribute).split(" "))
        if (!document.getElementById(id)) faults.push("refers to nothing: " + e.outerHTML);
  let level = 1;
  for (const e of document.querySelectorAll("main :is(h1, h2, h3, h4, h5, h6)")) {
    const next = Number(e.tagName[1]);
    if (next > level + 1) faults.push("skips a level: " + e.outerHTML);
    level = next;
  }
  const inline = document.querySelectorAll("[style], style, script:not([src])");
  for (const e of inline) if (e.type !== "application/json") faults.push("inline: " + e.outerHTML);
  return faults;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(page, scheme):
    page.emulate_media(color_scheme=scheme)
    for name in every(page):
        page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 5, name
        assert [each for each in contrasts if each["ratio"] < AA] == [], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_scheme_of_the_reader_is_followed(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto("/")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(map(int, re.findall(r"\d+", ground)[:3])) > 3 * 128
    assert light == (scheme == "light")


CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const luminance = (color) => {
    const [r, g, b] = color.slice(0, 3).map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [over, under] = [luminance(rgba(style.color)), luminance(ground(element))];
    const ratio = (Math.max(over, under) + 0.05) / (Math.min(over, under) + 0.05);
    const key = `${element.tagName}.${element.className}`;
    if (!(found.get(key)?.ratio < ratio)) found.set(key, {ratio, text: element.textContent.trim()});
  }
  return [...found].map(([key, {ratio, text}]) => ({key, ratio, text: text.slice(0, 40)}));
}"""


def test_the_keyboard_reaches_the_content_first_and_everything_in_order(page):
    page.goto("/project/gate-keeper/")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    assert page.locator(".skip-link").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert focused(page) == "Copy Install with pip"


def test_what_has_the_focus_is_marked(page):
    page.goto("/")
    order = []
    for _ in range(5):
        page.keyboard.press("Tab")
        order.append(focused(page))
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert (style, width >= 2) == ("solid", True)
    assert order == ["Skip to the content", "Gatehouse", "Sign in", "Search projects", "Search"]


def focused(page: Page) -> str:
    words: str = page.evaluate(
        "(document.activeElement.labels?.[0] ?? document.activeElement).textContent"
    )
    return " ".join(words.split())


def test_what_one_taps_is_large_enough(page):
    page.set_viewport_size({"width": 360, "height": 800})
    for name in every(page):
        for control in page.locator("button:visible, input:visible:not([type=checkbox])").all():
            assert control.bounding_box()["height"] >= 44, (name, control.text_content())


def test_a_button_copies_and_says_so(page, site):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
    page.goto("/project/gate-keeper/")
    button = page.get_by_role("button", name="Copy Install with pip")
    button.click()
    page.get_by_role("button", name="Copied Install with pip").wait_for()
    assert page.get_by_role("status").last.text_content() == "Copied"
    command = page.locator("#pip-command").text_content()
    assert page.evaluate("navigator.clipboard.readText()") == command
    assert command.startswith("pip install --index-url http://")


def test_a_button_copies_where_there_is_no_clipboard_either(page, site):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
    page.add_init_script(
        "navigator.clipboard.writeText = () => Promise.reject(new Error('insecure'))"
    )
    page.goto("/")
    page.get_by_role("button", name="Copy Index address").click()
    page.get_by_role("button", name="Copied Index address").wait_for()
    assert (
        page.evaluate("navigator.clipboard.readText()") == page.locator("#index-url").text_content()
    )


def test_pages_work_without_scripts(browser, site):
    context = browser.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    assert page.locator(".copy-button:visible").count() == 0
    page.get_by_label("Search projects").fill("keeper")
    page.get_by_role("button", name="Search").click()
    assert page.url == f"{site}/search/?q=keeper"
    page.goto("/project/gate-keeper/")
    page.get_by_text("Classifiers").click()
    assert page.get_by_text("Topic :: X").is_visible()
    context.close()


def test_somebody_signs_in_and_out(page, site):
    user = User.objects.create_user("ada", "ada@example.org", "correct horse battery")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    page.goto("/project/gate-keeper/")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Login").fill("ada")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    assert page.url == f"{site}/project/gate-keeper/"
    assert "ada" in page.get_by_role("status").first.text_content()
    page.get_by_text("Menu of ada").click()
    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign Out").click()
    assert page.get_by_role("link", name="Sign in").is_visible()


def test_colours_of_the_system_are_respected(page):
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    page.goto("/project/gate-keeper/")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert page.locator("h1").is_visible()


def test_paper_gets_the_content_only(page):
    page.emulate_media(media="print")
    page.goto("/project/gate-keeper/")
    assert page.locator(".masthead, .contents, .copy-button").filter(visible=True).count() == 0
    assert page.locator(".prose").is_visible()
