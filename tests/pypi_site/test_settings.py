"""The settings file, run under environments of its own."""

from __future__ import annotations

import os
import runpy
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pypi_site.lib import secret_key

SETTINGS = Path(__file__).parents[2] / "pypi_site" / "settings.py"


@pytest.fixture
def read(monkeypatch, tmp_path):
    """The settings of an installation of its own, with these variables and no others."""
    for name in list(os.environ):
        if name.startswith("GATEHOUSE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GATEHOUSE_DATA", str(tmp_path / "data"))

    def read(**variables: str) -> dict:
        for name, value in variables.items():
            monkeypatch.setenv(f"GATEHOUSE_{name}", value)
        return runpy.run_path(str(SETTINGS))

    return read


def test_nothing_needs_to_be_set(read, tmp_path):
    made = read()
    assert made["DEBUG"] is False
    assert made["UPLOAD_HOLD"] == "untrusted"
    assert made["DATA_DIR"] == tmp_path / "data"
    assert Path(made["STORAGES"]["files"]["OPTIONS"]["location"]) == tmp_path / "data" / "files"
    assert made["INCOMING_DIR"].parent == made["DATA_DIR"]
    assert "127.0.0.1" in made["ALLOWED_HOSTS"]
    assert "*" not in made["ALLOWED_HOSTS"]


def test_the_secret_key_is_made_once_and_kept_from_others(read, tmp_path):
    first, again = read()["SECRET_KEY"], read()["SECRET_KEY"]
    assert first == again
    assert len(first) >= 50
    kept = tmp_path / "data" / "secret-key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["secret-key"]


def test_processes_that_start_together_agree_on_the_secret_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(secret_key.kept_in, [tmp_path / "data"] * 8))
    assert len(keys) == 1
    assert keys == {(tmp_path / "data" / "secret-key").read_text()}


def test_a_secret_key_that_is_given_is_not_kept(read, tmp_path):
    made = read(SECRET_KEY="from the vault", OLD_SECRET_KEYS="one,two")
    assert made["SECRET_KEY"] == "from the vault"
    assert made["SECRET_KEY_FALLBACKS"] == ["one", "two"]
    assert not (tmp_path / "data").exists()


def test_an_https_address_makes_cookies_secure(read):
    made = read(URL="https://index.example.org/")
    assert made["SITE_URL"] == "https://index.example.org"
    assert made["SESSION_COOKIE_SECURE"] is made["CSRF_COOKIE_SECURE"] is True
    assert made["SECURE_HSTS_SECONDS"] > 0
    assert made["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    assert "index.example.org" in made["ALLOWED_HOSTS"]
    assert made["CSRF_TRUSTED_ORIGINS"] == ["https://index.example.org"]


def test_a_plain_address_trusts_no_proxy_about_tls(read):
    made = read(URL="http://index.example.org:8000")
    assert made["SESSION_COOKIE_SECURE"] is False
    assert made["SECURE_HSTS_SECONDS"] == 0
    assert "SECURE_PROXY_SSL_HEADER" not in made


@pytest.mark.parametrize(
    ("variable", "text", "setting", "value"),
    [
        ("ALLOWED_HOSTS", "a.example,b.example", "ALLOWED_HOSTS", {"a.example", "b.example"}),
        ("HOLD", "everybody", "UPLOAD_HOLD", "everybody"),
        ("MAX_FILE_SIZE", "1000", "UPLOAD_MAX_FILE_SIZE", 1000),
        ("MAX_PROJECT_SIZE", "2000", "UPLOAD_MAX_PROJECT_SIZE", 2000),
        ("ALLOW_LOCAL_VERSIONS", "yes", "UPLOAD_ALLOW_LOCAL_VERSIONS", True),
        ("ALLOW_DIRECT_REFERENCES", "1", "UPLOAD_ALLOW_DIRECT_REFERENCES", True),
        ("EXTRA_CLASSIFIERS", "Private :: X", "UPLOAD_EXTRA_CLASSIFIERS", {"Private :: X"}),
        ("UPLOAD_POLICIES", "a.b,c.d", "UPLOAD_POLICIES", ["a.b", "c.d"]),
        ("SIGNUP", "invited", "SIGNUP", "invited"),
        ("REDIRECT_TO_HTTPS", "true", "SECURE_SSL_REDIRECT", True),
        ("EMAIL_FROM", "Index <index@example.org>", "SERVER_EMAIL", "index@example.org"),
        ("EMAIL_URL", "smtp+tls://u:p@mail.example.org:587", "EMAIL_HOST", "mail.example.org"),
        ("SITE_NAME", "Cheese Shop", "ACCOUNT_EMAIL_SUBJECT_PREFIX", "[Cheese Shop] "),
    ],
)
def test_a_variable_changes_its_setting(read, variable, text, setting, value):
    found = read(**{variable: text})[setting]
    assert value <= set(found) if isinstance(value, set) else found == value


@pytest.mark.parametrize(
    ("variable", "text"), [("MAX_FILE_SIZE", "much"), ("FILES_OPTIONS", "{"), ("JOB_WORKERS", "")]
)
def test_a_value_that_cannot_be_read_is_said_at_start(read, variable, text):
    with pytest.raises(ValueError):  # noqa: PT011 - the library's sentences differ
        read(**{variable: text})


def test_another_store_gets_its_own_options_only(read):
    made = read(
        FILES_BACKEND="storages.backends.s3.S3Storage", FILES_OPTIONS='{"bucket_name": "wheels"}'
    )
    assert made["STORAGES"]["files"] == {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"bucket_name": "wheels"},
    }


def test_the_disk_may_lie_elsewhere(read):
    made = read(FILES_OPTIONS='{"location": "/srv/files"}')
    assert made["STORAGES"]["files"]["OPTIONS"] == {"location": "/srv/files"}


def test_github_is_switched_on_by_its_client(read):
    assert "APPS" not in read()["SOCIALACCOUNT_PROVIDERS"]["github"]
    made = read(GITHUB_CLIENT_ID="id", GITHUB_CLIENT_SECRET="hush")
    (app,) = made["SOCIALACCOUNT_PROVIDERS"]["github"]["APPS"]
    assert (app["client_id"], app["secret"]) == ("id", "hush")


def test_no_policy_lets_scripts_of_others_run(read):
    directives = read()["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]
    assert directives["script-src"] == ["'self'"]
    assert directives["default-src"] == ["'none'"]
    assert not any("unsafe" in source for sources in directives.values() for source in sources)
