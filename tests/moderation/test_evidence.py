"""What a moderator is shown of files: which of several it was, its lines by pages, in time."""

from __future__ import annotations

import hashlib
import re
from html import unescape

import pytest

from moderation import inspections, trees
from moderation.models import Case
from packages.models import Stage
from tests.factories import jobs
from tests.factories.desk import case_of, reported
from tests.factories.index import held, published_file
from tests.factories.people import UserFactory
from tests.moderation.policies.helpers import set_policy
from tests.packages.uploads.sessions.client import Api, wheel

pytestmark = pytest.mark.django_db
HOOK = "import base64; exec(base64.b64decode('cHJpbnQoMSk='))\n"
CLEAN = "x = 1\n"
TAGS = ("cp311-cp311-win32", "cp312-cp312-win32", "cp313-cp313-win32", "cp314-cp314-win32")


def held_session(*wheels: dict) -> Stage:
    """A second release of several wheels, held for what is in some of them."""
    api = Api(UserFactory(trusted=True))
    api.legacy(wheel())
    session = api.open("demo", "1.1")
    for tag, files in zip(TAGS, wheels, strict=False):
        session.add(wheel(version="1.1", tag=tag, files=files))
    assert session.publish().status_code == 202
    return Stage.objects.held().get()


def links_to_members(page) -> list[str]:
    return [unescape(each) for each in re.findall(r'href="([^"]+/member/[^"]+#L\d+)"', page)]


def page_of(client, thing) -> str:
    return client.get(case_of(thing).get_absolute_url()).content.decode()


# -- which file it was -----------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [1, 3])
def test_a_signal_leads_to_the_file_that_it_was_found_in(whole_desk, bad):
    """Also where the page of the case does not open that file."""
    wheels = [{"demo/core.py": HOOK if number == bad else CLEAN} for number in range(4)]
    stage = held_session(*wheels)
    sound, evil = [stage.files.get(python_tag=TAGS[number][:5]) for number in (0, bad)]
    text = page_of(whole_desk, stage)
    links = links_to_members(text)
    assert links
    assert {each.split("/")[-3] for each in links} == {f"staged-{evil.pk}"}
    assert f"in {evil.filename}" in text
    assert f"in {sound.filename}" not in text
    fired = 'class="source__line source__line--fired"'
    assert fired in whole_desk.get(links[0]).content.decode()
    other = links[0].replace(f"staged-{evil.pk}", f"staged-{sound.pk}")
    assert fired not in whole_desk.get(other).content.decode()
    overview = f"/admin/moderation/case/{case_of(stage).pk}/files/staged-{sound.pk}/"
    assert "obfuscated" not in whole_desk.get(overview).content.decode()


def test_several_files_with_the_same_fault_are_one_hold_with_every_place(whole_desk):
    set_policy("startup-hooks", enabled=False)
    stage = held_session({"demo.pth": HOOK}, {"demo.pth": HOOK})
    (hold,) = stage.holds
    assert len(stage.notices) == 1
    names = set(stage.files.values_list("filename", flat=True))
    assert {signal["file"] for signal in hold["signals"]} == names
    keys = {each.split("/")[-3] for each in links_to_members(page_of(whole_desk, stage))}
    assert keys == {f"staged-{file.pk}" for file in stage.files.all()}


def test_holds_of_former_versions_name_no_file_and_lead_somewhere_still(whole_desk):
    stage = held_session({"demo.pth": HOOK}, {"other.py": "x = 1\n"})
    for hold in stage.holds:
        for signal in hold["signals"]:
            del signal["file"]
    stage.save()
    first = stage.files.order_by("filename").first()
    links = links_to_members(page_of(whole_desk, stage))
    assert {each.split("/")[-3] for each in links} == {f"staged-{first.pk}"}
    assert b"source__line--fired" in whole_desk.get(links[0]).content


def test_what_is_only_observed_of_a_published_file_leads_to_its_line(whole_desk):
    set_policy("startup-hooks", action="observe")
    set_policy("obfuscated-code", enabled=False)
    api = Api(UserFactory(trusted=True))
    api.legacy(wheel())
    api.legacy(wheel(version="1.1", files={"evil.pth": HOOK}))
    jobs.run_all()
    page = whole_desk.get(Case.objects.get().get_absolute_url()).content.decode()
    (link,) = links_to_members(page)
    assert b"source__line--fired" in whole_desk.get(link).content


# -- by pages --------------------------------------------------------------------------------------


def test_a_member_of_very_many_lines_makes_a_page_of_a_bearable_size(whole_desk):
    stage = held(files={"empty.txt": "\n" * 2**19})
    key = f"staged-{stage.files.get().pk}"
    address = f"/admin/moderation/case/{case_of(stage).pk}/files/{key}/member/?path=empty.txt"
    page = whole_desk.get(address).content
    assert page.count(b"<tr id=") == 5000
    assert len(page) < 2**20
    text = page.decode()
    assert "Lines 1 to 5,000" in text
    assert "Previous lines" not in text
    following = re.search(r'rel="next" href="([^"]+)"', text)[1]
    second = whole_desk.get(address.partition("?")[0] + unescape(following)).content.decode()
    assert "Lines 5,001 to 10,000" in second
    assert 'id="L5001"' in second
    assert "from=5000" in second


@pytest.mark.parametrize("wanted", ["", "0", "-1", "x", "9" * 40, "٣", "%00"])
def test_an_odd_number_of_a_line_shows_some_page(whole_desk, wanted):
    stage = held(files={"few.txt": "one\ntwo\n"})
    key = f"staged-{stage.files.get().pk}"
    address = f"/admin/moderation/case/{case_of(stage).pk}/files/{key}/member/?path=few.txt"
    assert b'id="L2"' in whole_desk.get(f"{address}&from={wanted}").content


def test_a_place_on_a_later_page_leads_to_that_page(whole_desk):
    file = published_file(files={"long.py": "x = 1\n" * 6000 + "evil()\n"})
    reported(file, lines=[{"member": "long.py", "line": 6001, "excerpt": "evil()"}])
    (link,) = links_to_members(page_of(whole_desk, file))
    page = whole_desk.get(link).content.decode()
    assert 'id="L6001" class="source__line source__line--fired"' in page
    assert 'id="L5000"' not in page
    (again,) = re.findall(r'href="(\?path=long.py[^"]+)#L6001"', page)
    where = link.partition("?")[0] + unescape(again)
    assert b'id="L6001"' in whole_desk.get(where).content


# -- what a look costs -----------------------------------------------------------------------------

PARTLY = "not everything in it was looked at"


def large(monkeypatch, **options) -> Stage:
    """An upload of more than is unpacked at a glance."""
    monkeypatch.setattr(inspections, "AT_A_GLANCE", 100_000)
    noise = "".join(hashlib.sha256(bytes([n % 256, n // 256])).hexdigest() for n in range(4000))
    return held("demo-pkg", files={"a.txt": noise, "z.py": "x = 1\n"}, **options)


def of_only_file(stage: Stage) -> str:
    return f"/admin/moderation/case/{case_of(stage).pk}/files/staged-{stage.files.get().pk}/"


@pytest.mark.parametrize("sdist", [False, True])
def test_of_a_large_archive_the_case_shows_a_part_and_its_own_page_the_whole(
    whole_desk, monkeypatch, sdist
):
    stage = large(monkeypatch, sdist=sdist)
    text = page_of(whole_desk, stage)
    assert PARTLY in text
    assert f'href="{of_only_file(stage)}">look at it in whole' in text
    assert "unpacks to more than" not in text
    assert "missing" not in text
    assert ("z.py" in text) == (not sdist)
    whole = whole_desk.get(of_only_file(stage)).content.decode()
    assert PARTLY not in whole
    assert "z.py" in whole
    text = page_of(whole_desk, stage)  # what was looked at in whole is kept
    assert PARTLY not in text
    assert "z.py" in text


def test_what_the_checks_said_at_the_upload_is_shown_of_a_part_too(whole_desk, monkeypatch):
    stage = large(monkeypatch, filename="Demo_Pkg-1.0-py3-none-any.whl")
    text = page_of(whole_desk, stage)
    assert PARTLY in text
    assert "should begin with" in text


@pytest.mark.parametrize("size", ["small", "large"])
def test_an_archive_is_inspected_once(whole_desk, monkeypatch, size):
    stage = large(monkeypatch) if size == "large" else held("demo-pkg", files={"z.py": "x = 1\n"})
    first = page_of(whole_desk, stage)
    monkeypatch.setattr(inspections.checks, "inspect", None)
    again = page_of(whole_desk, stage)
    for text in ("z.py", "should begin with", "files inside"):
        assert first.count(text) == again.count(text)
    assert "z.py" in again


def test_long_values_of_the_metadata_are_cut_with_a_note(whole_desk):
    stage = held(extra_metadata=f"License: {'x' * 200_000}\nSummary: on\u202ethe way")
    for address in (case_of(stage).get_absolute_url(), of_only_file(stage)):
        text = whole_desk.get(address).content.decode()
        assert len(text) < 60_000
        assert "(cut; it has 200000 characters)" in text
        assert "on⟨U+202E⟩the way" in text


def test_of_very_many_members_those_to_notice_are_shown(whole_desk):
    names = {f"demo/a{number}.txt": "x" for number in range(trees.MOST)}
    stage = held(files={**names, "z.pth": "import os\n"})
    assert "member/?path=z.pth" in page_of(whole_desk, stage)
