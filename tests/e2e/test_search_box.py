"""The search box in a real browser: the combobox of the ARIA patterns, by keyboard and by mouse."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from search import tasks
from tests.e2e import test_face
from tests.e2e.test_face import FAULTS, browser, page, site  # noqa: F401 - fixtures
from tests.packages.test_views import make_file, make_project, make_release

pytestmark = test_face.pytestmark


@pytest.fixture
def box(page: Page, site: str):  # noqa: F811 - the fixtures imported above
    """The box of the front page, and some projects to find."""
    for name in ("requests", "requests-cache", "numpy"):
        release = make_release(make_project(name), summary=f"About {name}")
        make_file(release, f"{name.replace('-', '_')}-1.0.tar.gz")
        tasks.update(release.project_id)
    page.goto("/")
    return page.get_by_role("combobox", name="Search projects")


def test_the_keyboard_goes_through_the_suggestions_and_opens_one(page, box, site):  # noqa: F811
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press_sequentially("req")
    options = page.get_by_role("option")
    expect(options).to_have_count(2)
    expect(box).to_have_attribute("aria-expanded", "true")
    first = options.first.get_attribute("id")
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", first)
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    assert box.get_attribute("aria-activedescendant") is None
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    assert page.evaluate(FAULTS) == []
    name = options.last.locator(".search-box__name").text_content()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/project/{name}/")


def test_escape_closes_the_list_and_enter_searches(page, box, site):  # noqa: F811
    box.press_sequentially("numpy")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("numpy")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/search/?q=numpy")


def test_a_click_opens_a_suggestion_and_leaving_the_box_closes_the_list(
    page,  # noqa: F811
    box,
    site,  # noqa: F811
):
    box.press_sequentially("num")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.get_by_role("listbox")).to_be_hidden()
    box.fill("nump")
    page.get_by_role("option").click()
    page.wait_for_url(f"{site}/project/numpy/")


def test_a_filter_goes_on_in_the_box_and_what_came_is_announced(page, box):  # noqa: F811
    box.press_sequentially("pytho")
    expect(page.locator("#announcer")).to_have_text("1 suggestion")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value("python:")
    expect(page.get_by_role("option").first).to_contain_text("python:3.")
