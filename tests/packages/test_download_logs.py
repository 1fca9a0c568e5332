"""Downloads that a CDN answered, counted from its log."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from packages import downloads
from packages.downloads import logs
from packages.models import FileDay
from tests.factories import index
from tests.packages.concurrency import at_once

SHA = "ab" * 32
WHEEL = f"/files/{SHA}/demo-1.0-py3-none-any.whl"
DAY = date(2026, 11, 22)


def combined(path=WHEEL, method="GET", status=200, time="22/Nov/2026:19:00:00 +0000"):
    agent = '"pip/26.1 {\\"ci\\":null}"'
    return f'192.0.2.1 - - [{time}] "{method} {path} HTTP/1.1" {status} 2500 "-" {agent}\n'


def as_json(**members):
    return json.dumps({"path": WHEEL, "time": "2026-11-22T19:00:00Z", **members}) + "\n"


@pytest.mark.parametrize(
    "line",
    [
        combined(),
        combined(f"{WHEEL}?a=b"),
        combined(f"https://files.example.org{WHEEL}"),
        combined(time="23/Nov/2026:00:30:00 +0100"),
        combined(WHEEL.replace("-1.0", "%2D1.0")),
        as_json(),
        as_json(time=1_795_374_000),
        as_json(time="1795374000.5"),
        as_json(method="GET", status=200),
        json.dumps({"timestamp": "2026-11-22 19:00:00+00:00", "url": f"https://x{WHEEL}"}),
        json.dumps({"time_iso8601": "2026-11-22T19:00:00", "request_uri": WHEEL, "status": "200"}),
    ],
)
def test_a_download_is_read(line):
    assert logs.read(line) == (SHA, "demo-1.0-py3-none-any.whl", DAY)


@pytest.mark.parametrize(
    "line",
    [
        combined(method="HEAD"),
        combined(status=304),
        combined(status=206),
        combined(status=404),
        combined(f"{WHEEL}.metadata"),
        combined("/simple/demo/"),
        combined("http://[x"),
        combined(time="22/Foo/2026:19:00:00 +0000"),
        as_json(status=302),
        as_json(method="HEAD"),
        as_json(time="yesterday"),
        as_json(time="1e400"),
        as_json(path=None),
        "{broken\n",
        "{}",
        "",
        "\x00\ufffd",
        "GET / HTTP/1.1",
    ],
)
def test_all_else_is_no_download(line):
    assert logs.read(line) is None


@pytest.fixture
def file(db):
    return index.published_file()


def a_log(file, times=3):
    path = file.get_absolute_url()
    lines = [combined(path)] * times + [combined()] + ["what is this?\n"]
    return "".join(lines).encode()


def run(log: bytes, monkeypatch, capsys) -> str:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(log)))
    call_command("count_downloads")
    return capsys.readouterr().out


def test_a_log_is_counted(file, monkeypatch, capsys):
    said = run(a_log(file), monkeypatch, capsys)
    assert said == "3 downloads in 5 lines (1 of files that are not here).\n"
    assert FileDay.objects.get().count == 3
    assert FileDay.objects.get().day == DAY
    assert downloads.total(file.project) == 3


def test_the_same_log_is_counted_once(file, monkeypatch, capsys):
    run(a_log(file), monkeypatch, capsys)
    with pytest.raises(CommandError, match="was counted on"):
        run(a_log(file), monkeypatch, capsys)
    assert downloads.total(file.project) == 3
    run(a_log(file, times=4), monkeypatch, capsys)
    assert downloads.total(file.project) == 7


@pytest.mark.django_db(transaction=True)
def test_of_two_who_count_the_same_log_one_gives_up():
    file = index.published_file()
    lines = a_log(file).splitlines(keepends=True)
    answers = at_once(*[lambda: logs.count(lines)] * 4)
    assert sorted(type(answer).__name__ for answer in answers) == [
        "AlreadyCounted", "AlreadyCounted", "AlreadyCounted", "Counted",
    ]  # fmt: skip
    assert downloads.total(file.project) == 3


def test_a_file_is_known_by_name_and_digest(file, monkeypatch, capsys):
    line = combined(f"/files/{SHA}/{file.filename}").encode()
    assert run(line, monkeypatch, capsys).startswith("0 downloads in 1 lines (1 of")
