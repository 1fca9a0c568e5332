"""Commands about names, as an administrator types them."""

from __future__ import annotations

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent
from moderation import protected
from moderation.models import PolicySetting, PopularNames, ProhibitedName, ReservedPrefix
from moderation.policies import settings as policy_settings
from tests.factories.index import published
from tests.protocol.tls import tls_in_front_of

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


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"enabled": False}, "allow"),
        ({"action": "hold"}, "review"),
        ({"numbers": {"block": 2}}, "review"),
    ],
)
def test_names_are_checked_as_the_policy_is_set(monkeypatch, changes, verdict):
    PolicySetting.objects.create(code="look-alike-name", **changes)
    policy_settings.forget()
    (line,) = run(monkeypatch, "check_names", "reqeusts\n", "--json").splitlines()
    assert json.loads(line)["verdict"] == verdict
    assert json.loads(line)["target"] == "requests"


@pytest.mark.parametrize(
    ("name", "verdict", "reason"),
    [
        ("con", "block", "is reserved"),
        ("0s", "block", "is os but for"),
        ("Evil.C0rp", "block", "prohibited"),
        ("cheese-counter", "block", "a project cheese-counter already"),
        ("acme-tools", "block", "begin with acme"),
        ("cheddar-and-brie", "allow", ""),
    ],
)
def test_all_policies_about_names_are_asked(monkeypatch, name, verdict, reason):
    published("cheese-counter")
    ProhibitedName.objects.create(name="evil-corp", reason="It is malware.")
    ReservedPrefix.objects.create(prefix="acme", reason="It is theirs.")
    (line,) = run(monkeypatch, "check_names", name, "--json").splitlines()
    found = json.loads(line)
    assert (found["name"], found["verdict"]) == (name, verdict)
    assert reason in found["reason"]


def test_a_list_of_known_names_is_asked_without_the_database(
    monkeypatch, tmp_path, django_assert_num_queries
):
    PolicySetting.objects.create(code="look-alike-name", enabled=False)
    path = tmp_path / "known.csv"
    path.write_text("name,downloads\nrequests,1000000\n")
    monkeypatch.setenv("TYPO_KNOWN_CSV", str(path))
    with django_assert_num_queries(0):
        (line,) = run(monkeypatch, "check_names", "reqeusts\n", "--json").splitlines()
    assert json.loads(line)["verdict"] == "block"


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


class Lists(BaseHTTPRequestHandler):
    """Serves the list, and leads to it: within https, and away from it."""

    def do_GET(self) -> None:
        plain = f"http://{self.headers['Host']}/list"
        leads = {"/on": "/list", "/away": plain}
        if self.path in leads:
            self.send_response(302)
            self.send_header("Location", leads[self.path])
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(LIST.encode())

    def log_message(self, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def lists(tmp_path, monkeypatch):
    """The address of a server with TLS that has the list."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Lists)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    with tls_in_front_of(server.server_port, tmp_path / "tls") as front:
        monkeypatch.setenv("SSL_CERT_FILE", str(front.authority))
        yield front.url
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["list", "on"])
def test_a_fetched_list_is_used(monkeypatch, lists, path):
    done = run(monkeypatch, "refresh_popular_names", "", "--fetch", f"{lists}/{path}")
    assert "12 names" in done


def test_a_list_is_not_fetched_where_https_leads_to_http(monkeypatch, lists):
    with pytest.raises(CommandError, match="Only https addresses are fetched, and http://127"):
        run(monkeypatch, "refresh_popular_names", "", "--fetch", f"{lists}/away")
    assert not PopularNames.objects.exists()
