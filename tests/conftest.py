"""What every test has: files in a folder of its own, and no way out of this machine."""

from __future__ import annotations

import gc
import ipaddress
import os
import socket
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.files.storage import storages
from django.db import connection
from django.test import TransactionTestCase

from moderation.policies import settings as policy_settings
from packages import legacy_json_documents
from packages.simple import store
from tests import databases

MOST_WORKERS = 4
# What takes longest begins first, so that no worker is left with it while the others have ended.
SLOW = ("protocol", "permissions", "e2e")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole suite runs on all cores, one worker more than there are: servers are waited for.

    What is named by its path runs in one process, which starts sooner.
    """
    cores = len(os.sched_getaffinity(0))
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    return 0 if named or cores == 1 else min(cores + 1, MOST_WORKERS)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: a tenth of the time went into looking for garbage there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow folders first; each keeps its order."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    folder = item.nodeid.split("/")[1]
    return SLOW.index(folder) if folder in SLOW else len(SLOW)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, django_db_blocker):
    """pytest-django's test database is a copy of one that has its tables."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = databases.template()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """What a test emptied is filled again, which Django leaves to the order of tests."""
    with django_db_blocker.unblock():
        databases.keep()
    TransactionTestCase._fixture_teardown = databases.bring_back


@pytest.fixture(scope="session", autouse=True)
def _own_markers(tmp_path_factory: pytest.TempPathFactory):
    """Each worker has change markers that only its own tests move."""
    django_settings.DATA_DIR = tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def _own_files(tmp_path: Path, settings):
    """Blobs and arriving uploads go to a folder that only this test has."""
    settings.INCOMING_DIR = tmp_path / "incoming"
    settings.PAGES_DIR = tmp_path / "pages"
    settings.PAGES_RECHECK_SECONDS = 0  # no commit, no marker: so ask each time
    store.forget()
    policy_settings.forget()
    legacy_json_documents.kept.clear()
    options = {"location": str(tmp_path / "files")}
    files = {"BACKEND": "packages.storage.DiskStorage", "OPTIONS": options}
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "files": files, "staticfiles": plain}
    yield
    storages._storages.clear()  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch):
    """Passwords are hashed as on any site, in one round instead of a million."""
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1)


@pytest.fixture(autouse=True)
def _no_way_out(monkeypatch):
    """A test that asks for another machine fails at once (subprocesses see to themselves)."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family != socket.AF_UNIX and not _is_loopback(address[0]):
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
