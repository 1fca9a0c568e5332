"""Updates that tried to pass beside what is known already."""

from __future__ import annotations

import pytest

from packages.uploads import stages
from packages.uploads.stages import Result
from tests.factories import index
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
EVIL = "exec(base64.b64decode('cHJpbnQoMSk='))\n"


@pytest.fixture
def person():
    return UserFactory(trusted=True)


def codes(outcome):
    return {hold["code"] for hold in outcome.holds}


def approved(person, **options):
    """Published after a moderator let it pass."""
    stage = index.held(uploader=person, **options)
    return stages.approve(stage, actor=index.Actor(user=UserFactory()), reason="It is known.")


def test_tests_before_the_package_do_not_hide_it(person):
    padding = "".join(f"exec(b64decode(x{n}))\n" for n in range(30))
    index.published(uploader=person, sdist=True)
    files = {"tests/a.py": padding, "demo/a.py": EVIL}
    outcome = index.submit(person, version="1.1", sdist=True, files=files)
    assert codes(outcome) == {"obfuscated-code"}
    (hold,) = outcome.holds
    assert hold["signals"][0]["member"] == "demo-1.1/demo/a.py"
    assert len(hold["signals"]) == 10
    assert "demo-1.1/demo/a.py, line 1 (and 30 more)" in hold["reason"]


def test_what_is_known_ten_times_does_not_hide_the_eleventh(person):
    known = "".join(f"exec(b64decode(x{n}))\n" for n in range(10))
    approved(person, files={"demo/a.py": known})
    same = index.submit(person, version="1.1", files={"demo/a.py": known})
    assert same.result is Result.PUBLISHED
    more = index.submit(person, version="1.2", files={"demo/a.py": known + EVIL})
    assert codes(more) == {"obfuscated-code"}
    assert [signal["line"] for signal in more.holds[0]["signals"]] == [11]


@pytest.mark.parametrize("name", ["hook.pth", "sitecustomize.py"])
def test_a_second_line_of_a_known_startup_hook_is_news(person, name):
    approved(person, files={name: "import demo\n"})
    files = {name: "import demo\nimport os;os.system('id')\n"}
    assert codes(index.submit(person, version="1.1", files=files)) == {"startup-hooks"}


def test_another_program_in_the_place_of_a_known_one_is_news(person):
    program = b"\x7fELF\x02\x01\x01" + bytes(60)
    approved(person, files={"demo/tool": program})
    same = index.submit(person, version="1.1", files={"demo/tool": program})
    assert same.result is Result.PUBLISHED
    other = index.submit(person, version="1.2", files={"demo/tool": program + b"evil"})
    assert "embedded-executables" in codes(other)


@pytest.mark.parametrize(
    ("code", "setup"),
    [
        ("setup-calls", "import os\nos.system('rm -rf ~')\n"),
        ("setup-calls", "subprocess.Popen([sys.executable, '-c', x])\n"),
        ("install-hooks", "class Own(build_py): ...\n"),
        ("install-hooks", "class Own(build_ext): ...\n"),
    ],
)
def test_a_build_that_does_something_new_waits(person, code, setup):
    first = index.submit(person, "other", sdist=True, files={"setup.py": setup})
    assert first.result is Result.PUBLISHED  # a way of building of its own is no news
    same = index.submit(person, "other", "1.1", sdist=True, files={"setup.py": setup})
    assert same.result is Result.PUBLISHED
    index.published(uploader=person, sdist=True)
    update = index.submit(person, version="1.1", sdist=True, files={"setup.py": setup})
    assert codes(update) == {code}


NATIVE = {"tag": "cp312-cp312-linux_x86_64", "files": {"demo/fast.so": b"\x7fELF\x02\x01\x01"}}


def test_a_project_of_source_distributions_is_pure_until_now(person):
    index.published(uploader=person, sdist=True)
    assert codes(index.submit(person, version="1.1", **NATIVE)) == {"native-code"}


def test_a_version_below_all_others_is_no_way_around(person):
    index.published(uploader=person)
    assert codes(index.submit(person, version="0.1", **NATIVE)) == {"native-code"}


def test_a_program_without_a_suffix_is_native_code_in_a_platforms_wheel(person):
    index.published(uploader=person)
    files = {"demo/tool": b"\x7fELF\x02\x01\x01" + bytes(60)}
    outcome = index.submit(person, version="1.1", tag="py3-none-linux_x86_64", files=files)
    assert codes(outcome) == {"native-code"}
    assert outcome.holds[0]["signals"][0]["member"] == "demo/tool"


def test_where_native_code_is_known_it_may_come_in_any_version(person):
    index.published(uploader=person, **NATIVE)
    index.submit(person, version="1.0", sdist=True)
    assert index.submit(person, version="0.1", **NATIVE).result is Result.PUBLISHED
    assert index.submit(person, version="0.1", sdist=True).result is Result.PUBLISHED
