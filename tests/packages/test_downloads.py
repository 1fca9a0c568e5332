"""Downloads: what counts as one, what is told of them, and how old days are folded."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import Error, OperationalError

from packages import downloads, tasks
from packages.downloads import Key
from packages.downloads.counter import DownloadCounter
from packages.models import FileDay, FileMonth, ProjectDay, ProjectMonth
from packages.simple import files
from tests.factories import index
from tests.factories.people import UserFactory
from tests.packages.concurrency import at_once

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def counter(monkeypatch) -> DownloadCounter:
    fresh = DownloadCounter()
    monkeypatch.setattr(files, "counter", fresh)
    return fresh


@pytest.fixture
def file():
    return index.published_file()


def add(file, count=1, *, days_ago=0, today=None):
    day = (today or downloads.today()) - timedelta(days=days_ago)
    downloads.add({Key(file.release.project_id, file.pk, day): count})


# -- what counts ---------------------------------------------------------------------------------


def asked(client, file, counter, **headers):
    method, tail = headers.pop("method", "get"), headers.pop("tail", "")
    answer = getattr(client, method)(f"{file.get_absolute_url()}{tail}", headers=headers)
    list(answer)  # read to its end, as a client does
    counter.write()
    return downloads.recent(file.project).last_day


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-9"}, {"Range": "bytes=0-"}])
def test_a_file_from_its_first_byte_on_is_a_download(client, file, counter, headers):
    assert asked(client, file, counter, **headers) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"method": "head"},
        {"tail": ".metadata"},
        {"Range": "bytes=-5"},
        {"Range": "bytes=1-"},
        {"Range": "bytes=99999999-"},
    ],
    ids=str,
)
def test_a_question_about_a_file_is_no_download(client, file, counter, headers):
    assert asked(client, file, counter, **headers) == 0


def test_a_client_that_has_the_file_downloads_nothing(client, file, counter):
    assert asked(client, file, counter, **{"If-None-Match": f'"{file.sha256}"'}) == 0


def test_a_file_that_is_not_there_is_no_download(client, file, counter):
    assert client.get(f"/files/{'0' * 64}/{file.filename}").status_code == 404
    assert counter.write()
    assert not FileDay.objects.exists()


def test_a_site_may_leave_counting_to_its_cdn(client, file, counter, settings):
    settings.COUNT_DOWNLOADS = False
    assert asked(client, file, counter) == 0


def test_a_download_asks_the_database_no_more_than_before(client, file, django_assert_num_queries):
    with django_assert_num_queries(1):
        list(client.get(file.get_absolute_url()))


# -- what is told --------------------------------------------------------------------------------


def test_day_week_and_month_of_a_project(file):
    for days_ago in (0, 1, 6, 7, 29, 30):
        add(file, days_ago=days_ago)
    assert downloads.recent(file.project) == (1, 3, 5)
    assert downloads.total(file.project) == 6


def test_a_project_that_nobody_downloads(file):
    assert downloads.recent(file.project) == (0, 0, 0)
    assert downloads.total(file.project) == 0
    assert downloads.totals(30) == {}


def test_totals_name_every_project_that_was_downloaded(file, django_assert_num_queries):
    other, _nobody = index.published_file("other"), index.published_file("nobody")
    add(file, 3)
    add(file, 4, days_ago=2)
    add(other, 5)
    with django_assert_num_queries(1):
        assert downloads.totals(30) == {file.project.pk: 7, other.project.pk: 5}
    assert downloads.totals(2) == {file.project.pk: 3, other.project.pk: 5}


def test_files_of_a_project_are_told_apart(file):
    sdist = index.published_file(sdist=True, version="2.0", uploader=file.uploaded_by)
    add(file, 2)
    add(sdist, 3)
    assert downloads.of_files([file.pk, sdist.pk]) == {file.pk: 2, sdist.pk: 3}
    assert downloads.recent(file.project).last_day == 5


def test_the_page_and_the_api_of_a_project_tell_them(file, client):
    assert "none in 30 days" in client.get("/project/demo/").content.decode()
    add(file, 1234)
    add(file, days_ago=3)
    add(file, days_ago=300)
    page = client.get("/project/demo/").content.decode()
    assert "1,234 today" in page
    assert "1,235 in 7 days" in page
    told = client.get("/api/v1/projects/demo/").json()["downloads"]
    assert told == {"last_day": 1234, "last_week": 1235, "last_month": 1235, "total": 1236}


def test_programs_read_them_by_day_version_and_file(file, client, django_assert_max_num_queries):
    sdist = index.published_file(sdist=True, version="2.0", uploader=file.uploaded_by)
    today, earlier = (str(downloads.today() - timedelta(days=days)) for days in (0, 3))
    add(file, 2)
    add(file, 3, days_ago=3)
    add(sdist, 5, days_ago=3)
    add(sdist, 7, days_ago=40)
    with django_assert_max_num_queries(4):
        told = client.get("/api/v1/projects/Demo/downloads/").json()
    assert told["days"] == {earlier: 8, today: 2}
    assert told["versions"] == {"1.0": 5, "2.0": 5}
    assert told["files"] == {file.filename: 5, sdist.filename: 5}
    assert client.get("/api/v1/projects/demo/downloads/?days=41").json()["versions"]["2.0"] == 12
    of_one = client.get("/api/v1/projects/demo/downloads/?version=1.0.0&days=1").json()
    assert (of_one["version"], of_one["first_day"]) == ("1.0", today)
    assert of_one["days"] == {today: 2}
    assert of_one["files"] == {file.filename: {today: 2}}


@pytest.mark.parametrize("days", ["0", "-1", "x", "91", "³", "9" * 30])
def test_days_that_are_not_kept_are_refused(file, client, days):
    answer = client.get(f"/api/v1/projects/demo/downloads/?days={days}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-days")


# -- writing -------------------------------------------------------------------------------------


def test_nothing_is_lost_while_the_database_is_away(file, counter, monkeypatch):
    counter.count(file.release.project_id, file.pk)
    with monkeypatch.context() as patch:
        patch.setattr(downloads, "add", _away)
        assert not counter.write()
        counter.count(file.release.project_id, file.pk)
    assert counter.write()
    assert downloads.recent(file.project).last_day == 2


def _away(counts) -> Error:
    raise OperationalError("the server closed the connection unexpectedly")


def test_counts_are_written_once(file, counter):
    counter.count(file.release.project_id, file.pk)
    assert counter.write()
    assert counter.write()
    assert downloads.recent(file.project).last_day == 1


def test_a_batch_is_two_statements(counter, django_assert_num_queries):
    owner = UserFactory(trusted=True)
    released = [index.published_file(version=f"1.{n}", uploader=owner) for n in range(4)]
    for file in released:
        counter.count(file.release.project_id, file.pk)
    with django_assert_num_queries(4):  # the savepoint and its release among them
        assert counter.write()
    assert FileDay.objects.count() == 4
    assert ProjectDay.objects.get().count == 4


@pytest.mark.django_db(transaction=True)
def test_writers_in_any_order_neither_block_nor_lose(file):
    others = [index.published_file(f"other-{number}") for number in range(3)]
    batch = {
        Key(each.release.project_id, each.pk, downloads.today()): 1 for each in [file, *others]
    }
    backwards = dict(reversed(batch.items()))
    calls = [lambda: downloads.add(batch), lambda: downloads.add(backwards)] * 10
    assert [answer for answer in at_once(*calls) if answer is not None] == []
    assert set(downloads.totals(1).values()) == {20}


# -- old days ------------------------------------------------------------------------------------


def test_old_days_are_folded_into_months(file, settings, monkeypatch):
    settings.DOWNLOAD_DAYS = 40
    monkeypatch.setattr(downloads, "today", lambda: TODAY)
    for day in (date(2026, 11, 1), date(2026, 10, 14), date(2026, 10, 12), date(2026, 10, 1)):
        downloads.add({Key(file.release.project_id, file.pk, day): 2})
    assert tasks.fold_downloads() == 4  # two days of each table
    assert ProjectMonth.objects.get().count == FileMonth.objects.get().count == 4
    assert ProjectMonth.objects.get().day == date(2026, 10, 1)
    assert sorted(FileDay.objects.values_list("day", flat=True)) == [
        date(2026, 10, 14),
        date(2026, 11, 1),
    ]
    assert downloads.total(file.project) == 8


def test_a_day_that_is_counted_late_is_folded_into_its_month(file, monkeypatch):
    monkeypatch.setattr(downloads, "today", lambda: TODAY)
    for _ in range(2):
        add(file, 5, days_ago=200, today=TODAY)
        assert tasks.fold_downloads() == 2
    assert tasks.fold_downloads() == 0
    assert FileMonth.objects.get().count == ProjectMonth.objects.get().count == 10


def test_the_months_of_files_are_dropped_and_those_of_projects_kept(file, settings):
    settings.DOWNLOAD_MONTHS = 12
    add(file, 1, days_ago=500)
    add(file, 1, days_ago=200)
    tasks.fold_downloads()
    assert FileMonth.objects.get().count == 1
    assert downloads.total(file.project) == 2


def test_the_last_thirty_days_are_never_folded(file, settings):
    settings.DOWNLOAD_DAYS = 1
    add(file, days_ago=29)
    assert tasks.fold_downloads() == 0
    assert downloads.recent(file.project).last_month == 1
