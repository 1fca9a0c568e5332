"""What an upload costs the database: every statement counts, begin and commit included."""

from __future__ import annotations

import pytest

from packages.models import File, Stage
from tests.packages.uploads.sessions.client import uploader, wheel

pytestmark = pytest.mark.django_db(transaction=True)  # so that begin and commit are counted
NEW_PROJECT, NEW_VERSION, SECOND_FILE, AGAIN = 39, 18, 17, 11


@pytest.fixture
def api():
    """Somebody who has uploaded before: the use of his token has just been noted."""
    api = uploader()
    api.legacy(wheel("earlier"))
    return api


def test_the_first_upload_of_a_project(api, django_assert_max_num_queries):
    with django_assert_max_num_queries(NEW_PROJECT):
        assert api.legacy(wheel()).status_code == 200


def test_the_upload_of_a_new_version(api, django_assert_max_num_queries):
    api.legacy(wheel())
    with django_assert_max_num_queries(NEW_VERSION):
        assert api.legacy(wheel(version="2.0")).status_code == 200


def test_a_second_file_of_a_release(api, django_assert_max_num_queries):
    api.legacy(wheel())
    with django_assert_max_num_queries(SECOND_FILE):
        assert api.legacy(wheel(tag="cp312-cp312-win32")).status_code == 200


def test_the_same_file_again(api, django_assert_max_num_queries):
    api.legacy(wheel())
    with django_assert_max_num_queries(AGAIN):
        assert api.legacy(wheel()).status_code == 200


def test_a_project_with_many_files_costs_no_more_statements(api, django_assert_max_num_queries):
    for number in range(6):
        api.legacy(wheel(version=f"1.{number}"))
    with django_assert_max_num_queries(NEW_VERSION):
        assert api.legacy(wheel(version="2.0")).status_code == 200


def test_what_is_published_at_once_leaves_no_stage(api):
    api.legacy(wheel())
    assert File.objects.count() == 2
    assert not Stage.objects.exists()
