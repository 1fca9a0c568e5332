"""A stored file, what it follows, and its members."""

from __future__ import annotations

import pytest

from moderation import comparisons, contents, predecessors
from tests.factories import index
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return UserFactory(trusted=True)


@pytest.fixture
def upload(person):
    """Publishes a file and returns it."""

    def publish(version, **options):
        before = set(_files())
        index.published("demo", version, uploader=person, **options)
        return next(iter(set(_files()) - before))

    return publish


def _files():
    return comparisons.comparing.File.objects.all()


def test_the_first_file_follows_none(upload):
    first = upload("1.0")
    assert predecessors.previous_of(first) is None
    assert comparisons.of_file(first) is None


def test_a_file_follows_the_same_kind_of_the_release_before(upload):
    old = upload("1.0")
    upload("1.0", sdist=True)
    upload("3.0")
    assert predecessors.previous_of(upload("2.0")) == old


def test_what_is_older_than_everything_is_compared_with_what_comes_after(upload):
    upload("3.0")
    nearest = upload("2.0")
    first = upload("1.0")
    assert predecessors.previous_of(first) == nearest
    assert comparisons.of_file(first).backwards
    assert not comparisons.of_file(upload("4.0")).backwards


def test_a_wheel_follows_the_one_that_shares_its_tags(upload):
    upload("1.0", tag="cp312-cp312-win32")
    linux = upload("1.0", tag="cp312-cp312-manylinux_2_17_x86_64")
    assert predecessors.previous_of(upload("1.1", tag="cp312-cp312-manylinux_2_17_x86_64")) == linux


def test_what_is_in_quarantine_is_nothing_to_follow(upload):
    sound, bad = upload("1.0"), upload("1.1")
    bad.quarantined_at = bad.uploaded_at
    bad.save(update_fields=["quarantined_at"])
    assert predecessors.previous_of(upload("1.2")) == sound


def test_a_held_file_is_compared_with_what_is_public(upload, settings):
    upload("1.0")
    settings.UPLOAD_HOLD = "everybody"
    person = comparisons.comparing.File.objects.get().uploaded_by
    stage = index.held("demo", "1.1", uploader=person, files={"evil.pth": "import os\n"})
    found = comparisons.of_file(stage.files.get())
    assert found.new_startup_hooks == ("evil.pth",)
    assert (found.before.version, found.after.version) == ("1.0", "1.1")


def test_new_dependencies_are_those_of_the_metadata(upload):
    upload("1.0", requires=["attrs"])
    found = comparisons.of_file(upload("1.1", requires=["attrs", "requests"]))
    assert found.new_dependencies == ("requests",)


@pytest.mark.parametrize("sdist", [False, True])
def test_a_member_is_read_as_lines(upload, sdist):
    name = "demo-1.0/demo.py" if sdist else "demo.py"
    file = upload("1.0", sdist=sdist, files={"demo.py": "a = 1\nb = '\u200b'\n"})
    shown = contents.of_member(file, name)
    assert shown.lines == ("a = 1", "b = '⟨U+200B⟩'")
    assert (shown.is_text, shown.cut, shown.size) == (True, False, 16)


def test_what_is_no_text_is_dumped(upload):
    file = upload("1.0", files={"a.bin": b"\x7fELF\0" + bytes(5000)})
    shown = contents.of_member(file, "a.bin")
    assert not shown.is_text
    assert shown.cut
    assert len(shown.lines) == 128
    assert shown.lines[0].startswith("00000000  7f 45 4c 46 00 00")
    assert shown.lines[0].endswith(".ELF............")


def pages(file, name):
    """Every page of a member, in order."""
    found = [contents.of_member(file, name)]
    while found[-1].more:
        found.append(contents.of_member(file, name, found[-1].last + 1))
    return found


def test_a_long_text_is_shown_by_pages_of_lines(upload):
    lines = [f"line {number}" for number in range(1, 12_001)]
    file = upload("1.0", files={"long.txt": "\n".join(lines)})
    found = pages(file, "long.txt")
    assert [(page.first, page.last) for page in found] == [
        (1, 5000),
        (5001, 10_000),
        (10_001, 12_000),
    ]
    assert [line for page in found for line in page.lines] == lines
    assert not any(page.cut for page in found)
    assert contents.of_member(file, "long.txt", 7777).first == 5001
    assert contents.of_member(file, "long.txt", 99_999).first == 10_001


def test_a_page_has_so_many_bytes_and_lines_are_never_lost_between_pages(upload):
    lines = [f"{number:05}".ljust(1000, "x") for number in range(2000)]
    found = pages(upload("1.0", files={"wide.txt": "\n".join(lines)}), "wide.txt")
    assert len(found) == 4
    assert [line for page in found for line in page.lines] == lines


def test_what_no_page_shows_is_told(upload):
    file = upload("1.0", files={"wide.txt": "é" * 5000, "long.txt": "x" * 80 * 2**16 + "\nend"})
    wide = contents.of_member(file, "wide.txt")
    assert (wide.cut, wide.more) == (True, False)
    assert wide.lines == ("é" * contents.LONGEST_LINE,)
    assert contents.of_member(file, "long.txt", 2).cut


def test_lines_are_counted_as_the_rules_count_them(upload):
    file = upload("1.0", files={"odd.py": "a\x0cb\r\nc\rd\u2028e\n\nlast\n"})
    shown = contents.of_member(file, "odd.py")
    assert shown.lines == ("a⟨U+000C⟩b", "c⟨U+000D⟩d⟨U+2028⟩e", "", "last")


def test_there_is_no_such_member(upload):
    assert contents.of_member(upload("1.0"), "nothing.py") is None
