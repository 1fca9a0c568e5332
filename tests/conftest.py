"""What every test has: files in a folder of its own, and no way out of this machine."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.files.storage import storages
from django.db import connection

from moderation.policies import settings as policy_settings
from packages import legacy_json_documents
from packages.simple import store
from tests import databases


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, django_db_blocker):
    """pytest-django's test database is a copy of one that has its tables."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = databases.template()


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
