"""What caches in front of us are told."""

from __future__ import annotations

import pytest

from pypi_site.lib import cdn


def test_without_a_cdn_nothing_is_told():
    assert cdn.headers("root") == cdn.key_headers("file/1") == {}


@pytest.mark.parametrize(("kind", "header"), [("fastly", "Surrogate-Key"), ("varnish", "xkey")])
def test_an_answer_names_its_keys_and_may_be_kept(settings, kind, header):
    settings.CDN, settings.CDN_SECONDS = kind, 600
    headers = cdn.headers("root", "project/demo")
    assert headers.pop(header) == "root project/demo"
    assert headers == {
        "Surrogate-Control": "max-age=600, stale-while-revalidate=600, stale-if-error=86400"
    }


def test_what_never_changes_has_keys_alone(settings):
    settings.CDN = "fastly"
    assert cdn.key_headers("file/1") == {"Surrogate-Key": "file/1"}


def test_tags_are_separated_by_commas(settings):
    settings.CDN_KEYS_HEADER = "Cache-Tag"
    assert cdn.headers("root", "project/demo") == {"Cache-Tag": "root,project/demo"}
