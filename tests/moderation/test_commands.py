"""Commands about names, as an administrator types them."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent
from moderation import protected
from moderation.models import PopularNames
from tests.factories.index import published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_checker(monkeypatch):
    protected._built.clear()
    monkeypatch.delenv("TYPO_KNOWN_CSV", raising=False)


def run(monkeypatch, command: str, given: str, *options: str) -> str:
    stdin = io.TextIOWrapper(io.BytesIO(given.encode(errors="surrogateescape")), errors="replace")
    monkeypatch.setattr("sys.stdin", stdin)
    out = io.StringIO()
    call_command(command, *options, stdout=out)
    return out.getvalue()


def test_names_are_checked_against_this_index(monkeypatch):
    published("cheese-counter")
    lines = run(monkeypatch, "check_names", "chesse-counter\n\nnot a name\n", "--json")
    first, second = map(json.loads, lines.splitlines())
    assert (first["name"], first["target"]) == ("chesse-counter", "cheese-counter")
    assert (second["verdict"], second["rule"]) == ("block", "invalid")


def test_people_get_a_table(monkeypatch):
    (line,) = run(monkeypatch, "check_names", "reqeusts\n").splitlines()
    assert line.startswith("block")
    assert "swaps two letters of `requests`" in line


def test_a_list_of_known_names_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("TYPO_KNOWN_CSV", str(tmp_path / "nothing.csv"))
    with pytest.raises(CommandError, match="cannot be read"):
        run(monkeypatch, "check_names", "demo\n")


LIST = "name,downloads\n" + "".join(f"cheese{number},{1000 - number}\n" for number in range(12))


def test_the_popular_names_come_from_a_file_or_standard_input(monkeypatch, tmp_path):
    assert "12 names" in run(monkeypatch, "refresh_popular_names", LIST)
    path = tmp_path / "names.csv"
    path.write_text(LIST + "bread,5\n")
    assert "13 names" in run(monkeypatch, "refresh_popular_names", "", str(path))
    assert PopularNames.objects.count() == 1
    assert AuditEvent.objects.filter(action="popular_names.refresh").count() == 2


@pytest.mark.parametrize(
    "options",
    [["/nowhere/names.csv"], ["--fetch", "http://example.org/"], ["--fetch", "file:///x"]],
)
def test_what_cannot_be_read_changes_nothing(monkeypatch, options):
    with pytest.raises(CommandError):
        run(monkeypatch, "refresh_popular_names", "", *options)
    assert not PopularNames.objects.exists()


def test_a_fetched_list_is_used(monkeypatch):
    answer = SimpleNamespace(read=lambda most: LIST.encode())

    class Opened:
        def __enter__(self):
            return answer

        def __exit__(self, *args):
            return None

    monkeypatch.setattr("urllib.request.urlopen", lambda url, timeout: Opened())
    done = run(monkeypatch, "refresh_popular_names", "", "--fetch", "https://example.org/list")
    assert "12 names" in done
