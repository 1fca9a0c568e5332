"""``/healthz``: 200 when traffic may come, 503 and what failed when it may not."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.core.files.storage import FileSystemStorage, storages

ASK = """
import django
django.setup()
from django.test import Client
answer = Client(headers={"host": "127.0.0.1"}).get("/healthz")
print(answer.status_code, answer.content.decode())
"""


class BrokenStorage(FileSystemStorage):
    """A store that fails with an error of its own, as boto3 does."""

    class Unreachable(Exception):
        pass

    def exists(self, name):
        raise self.Unreachable(name)


@pytest.mark.django_db
def test_a_healthy_index_says_ok(client, settings):
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"database": "ok", "files": "ok"}}
    assert response["Cache-Control"] == "no-store"
    assert settings.INCOMING_DIR.is_dir()


@pytest.mark.django_db
def test_without_its_files_the_index_is_unavailable(client, settings, tmp_path):
    (tmp_path / "file").touch()
    settings.INCOMING_DIR = tmp_path / "file" / "incoming"
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {"database": "ok", "files": "failed"},
    }


@pytest.mark.django_db
def test_a_store_that_fails_in_its_own_way_is_unavailable_and_no_error(client, settings):
    broken = {"BACKEND": f"{__name__}.BrokenStorage"}
    settings.STORAGES = {**settings.STORAGES, "files": broken}
    storages._storages.clear()
    response = client.get("/healthz")
    assert (response.status_code, response.json()["checks"]["files"]) == (503, "failed")


def test_without_its_database_the_index_is_unavailable(tmp_path):
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing?connect_timeout=2",
        "GATEHOUSE_DATA": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "pypi_site.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True
    )
    status, _, body = done.stdout.partition(" ")
    assert status == "503"
    assert json.loads(body)["checks"] == {"database": "failed", "files": "ok"}
