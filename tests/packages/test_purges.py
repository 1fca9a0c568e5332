"""Caches in front of us are told what changed, by a real server that stands for each of them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

from accounts.actors import SYSTEM
from packages import files, projects, purges, releases, tasks
from packages.models import PendingPurge
from pypi_site.lib import cdn
from pypi_site.lib.cdn import Purge, PurgeFailed
from tests.factories import index, jobs
from tests.packages.concurrency import meanwhile

pytestmark = pytest.mark.django_db


class StandIn(ThreadingHTTPServer):
    """A cache that writes down what it is told, and answers `status`."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told, self.status = [], 200

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_PURGE(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.told.append((self.command, self.path, headers))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PURGE  # noqa: N815 - the name that the library calls

    def log_message(self, *args):
        """Nothing."""


@contextmanager
def listening():
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def cache(settings):
    with listening() as server:
        settings.CDN_ADDRESSES = [server.url]
        settings.CDN, settings.CDN_SERVICE, settings.CDN_TOKEN = "varnish", "service-1", "secret"
        yield server


@pytest.fixture
def file(cache):
    """A published file whose publication the cache has been told of already."""
    published = index.published_file()
    jobs.forget()
    PendingPurge.objects.all().delete()
    return published


def due_now():
    PendingPurge.objects.update(not_before=timezone.now() - timedelta(seconds=1))


# -- each kind of cache --------------------------------------------------------------------------

CHANGED = Purge(
    stale=("root", "project/demo"),
    gone=("file/1",),
    urls=("https://a.example/simple/demo/", "https://b.example/files/1/demo-1.0.tar.gz"),
)


def test_fastly_is_told_by_key(cache, settings):
    settings.CDN = "fastly"
    cdn.purge(CHANGED)
    (_, path, hard), (method, same, soft) = cache.told
    assert (method, path, same) == ("POST", "/service/service-1/purge", path)
    assert (hard["surrogate-key"], soft["surrogate-key"]) == ("file/1", "root project/demo")
    assert ("fastly-soft-purge" in hard, soft["fastly-soft-purge"]) == (False, "1")
    assert hard["fastly-key"] == soft["fastly-key"] == "secret"


def test_every_varnish_is_told_by_key(cache, settings):
    with listening() as other:
        settings.CDN_ADDRESSES = [cache.url, other.url]
        cdn.purge(CHANGED)
        for each in (cache, other):
            (method, _, hard), (_, _, soft) = each.told
            assert method == "PURGE"
            assert hard["xkey-purge"] == "file/1"
            assert soft["xkey-softpurge"] == "root project/demo"


def test_nginx_is_told_by_address(cache, settings):
    settings.CDN, cache.status = "nginx", 404  # it has none of them: that is fine
    cdn.purge(CHANGED)
    assert [(path, headers["host"]) for _, path, headers in cache.told] == [
        *[("/simple/demo/", "a.example")] * 3,
        ("/files/1/demo-1.0.tar.gz", "b.example"),
    ]
    assert len({headers["accept"] for _, _, headers in cache.told[:3]}) == 3


def test_without_a_cache_nobody_is_told(cache, settings):
    settings.CDN = "none"
    cdn.purge(CHANGED)
    index.published_file()
    assert cache.told == []
    assert not PendingPurge.objects.exists()


def test_many_keys_are_told_in_batches(cache):
    cdn.purge(Purge(stale=tuple(f"project/{number}" for number in range(250))))
    assert len(cache.told) == 3


@pytest.mark.parametrize("kind", ["fastly", "varnish", "nginx"])
@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_cache_that_refuses_was_not_told(cache, settings, kind, status):
    settings.CDN, cache.status = kind, status
    with pytest.raises(PurgeFailed, match=str(status)):
        cdn.purge(CHANGED)


def test_a_cache_that_is_away_was_not_told(cache, settings):
    settings.CDN_ADDRESSES = ["http://127.0.0.1:1"]
    with pytest.raises(PurgeFailed, match="refused"):
        cdn.purge(CHANGED)


# -- what is told, and when ----------------------------------------------------------------------


def keys(cache):
    """Keys of pages and keys of files, of all that the cache was told."""
    soft = " ".join(headers.get("xkey-softpurge", "") for _, _, headers in cache.told)
    hard = " ".join(headers.get("xkey-purge", "") for _, _, headers in cache.told)
    return set(soft.split()), set(hard.split())


def test_a_change_is_told_after_its_commit_by_a_job(cache):
    file = index.published_file()
    assert cache.told == []
    assert ("packages.tasks.tell_caches", ()) in jobs.waiting()
    assert tasks.tell_caches() == 1
    assert keys(cache) == ({"root", f"project/{file.project.normalized_name}"}, set())


def test_what_is_rolled_back_is_not_told(file, cache):
    with transaction.atomic():
        releases.yank(file.release, actor=SYSTEM)
        transaction.set_rollback(True)
    assert jobs.waiting() == []
    assert tasks.tell_caches() == 0


def test_several_changes_of_a_project_are_told_at_once(file, cache):
    releases.yank(file.release, actor=SYSTEM)
    releases.unyank(file.release, actor=SYSTEM)
    assert [job for job in jobs.waiting() if "tell_caches" in job[0]] == [
        ("packages.tasks.tell_caches", ())
    ]
    assert tasks.tell_caches() == 1


def test_a_deleted_file_may_not_be_shown_once_more(file, cache):
    files.delete(file, actor=SYSTEM, reason="A mistake.")
    tasks.tell_caches()
    assert keys(cache)[1] == {f"file/{file.sha256}"}


def test_the_files_of_a_quarantined_project_may_not_be_shown_once_more(file, cache, settings):
    projects.quarantine(file.project, actor=SYSTEM, reason="Malware.")
    tasks.tell_caches()
    assert keys(cache)[1] == {f"file/{file.sha256}"}
    cache.told.clear()
    settings.CDN, settings.FILES_ORIGIN = "nginx", "https://files.example.org"
    due_now()
    tasks.tell_caches()
    told = {(headers["host"], path) for _, path, headers in cache.told}
    path = f"/files/{file.sha256}/{file.filename}"
    assert {("files.example.org", path), ("files.example.org", f"{path}.metadata")} < told
    assert {"/simple/demo/", "/simple/", "/pypi/demo/json"} < {path for _, path in told}


def test_caches_are_told_twice(file, cache):
    """An answer from before the commit may have come to them after the first time."""
    releases.yank(file.release, actor=SYSTEM)
    assert tasks.tell_caches() == 1
    assert tasks.tell_caches() == 0
    due_now()
    assert tasks.tell_caches() == 1
    assert not PendingPurge.objects.exists()


def test_a_change_between_both_times_is_told_at_once(file, cache):
    releases.yank(file.release, actor=SYSTEM)
    tasks.tell_caches()
    jobs.forget()
    releases.unyank(file.release, actor=SYSTEM)
    assert ("packages.tasks.tell_caches", ()) in jobs.waiting()
    assert tasks.tell_caches() == 1


def test_a_cache_that_is_away_stops_no_change_and_is_told_later(file, cache):
    cache.status = 503
    releases.yank(file.release, actor=SYSTEM)
    assert tasks.tell_caches() == 0
    row = PendingPurge.objects.get()
    assert (row.failures, row.not_before > timezone.now()) == (1, True)
    cache.status = 200
    assert tasks.tell_caches() == 0  # not yet
    due_now()
    assert tasks.tell_caches() == 1
    assert PendingPurge.objects.get().failures == 0


def test_a_cache_that_stays_away_is_asked_less_and_less(file, cache):
    cache.status = 503
    releases.yank(file.release, actor=SYSTEM)
    waits = []
    for _ in range(15):
        due_now()
        tasks.tell_caches()
        waits.append(PendingPurge.objects.get().not_before - timezone.now())
    assert waits[0] < waits[3] < waits[6]
    assert max(waits) <= purges.LONGEST_WAIT


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_under_way_while_caches_are_told_is_not_lost(file, cache):
    releases.yank(file.release, actor=SYSTEM)
    change = transaction.atomic()
    change.__enter__()
    releases.unyank(file.release, actor=SYSTEM)
    with meanwhile(tasks.tell_caches) as telling:
        change.__exit__(None, None, None)
    assert telling.result() == 2  # once more for the second change


def test_the_job_is_scheduled_only_where_there_is_a_cache(settings):
    settings.CDN = "varnish"
    tasks.schedule()
    assert Schedule.objects.get(name="tell_caches").minutes == 1
    settings.CDN = "none"
    tasks.schedule()
    assert not Schedule.objects.filter(name="tell_caches").exists()


# -- what answers say ----------------------------------------------------------------------------


def test_answers_name_their_keys(file, client):
    path = f"/files/{file.sha256}/{file.filename}"
    assert client.get(path)["xkey"] == f"file/{file.sha256} files/demo"
    assert client.get(f"{path}.metadata")["xkey"] == f"file/{file.sha256} files/demo"
    assert client.get("/project/demo/")["xkey"] == "project/demo"
    assert client.get("/")["xkey"] == "root"
    assert "stale-if-error" in client.get("/project/demo/")["Cache-Control"]


def test_an_answer_for_one_person_has_no_keys(file, admin_client):
    answer = admin_client.get("/project/demo/")
    assert "xkey" not in answer
    assert "private" in answer["Cache-Control"]
