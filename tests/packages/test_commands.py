"""``bin/manage create_token``."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import tokens
from accounts.models import ApiToken
from packages.models import TokenProject
from tests.factories.index import held, published
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def create(capsys):
    def create(*arguments, **options):
        call_command("create_token", *arguments, **options)
        return tokens.verify(capsys.readouterr().out.strip())

    return create


def test_the_token_is_printed_alone_and_works(create):
    user = UserFactory(username="alice")
    token = create("ALICE")
    assert (token.user, token.name, token.limited, token.expires_at) == (
        user,
        "upload",
        False,
        None,
    )


def test_a_token_for_a_project_opens_this_project_only(create):
    release = published("Demo.Pkg")
    token = create(release.published_by.username, project="demo_pkg")
    assert (token.name, token.limited) == ("for Demo.Pkg", True)
    assert TokenProject.objects.get(token=token).project == release.project


def test_a_token_for_a_project_that_waits_for_review_can_be_made(create):
    stage = held()
    assert create(stage.created_by.username, project="demo").limited


def test_a_token_expires_in_days(create):
    token = create(UserFactory().username, expires=30)
    left = token.expires_at - timezone.now()
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)


def test_a_token_has_the_name_that_it_is_given(create):
    assert create(UserFactory().username, name="n" * 200).name == "n" * 100


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"expires": 0}, "expire in the past"),
        ({"expires": -5}, "expire in the past"),
        ({"expires": 10**9}, "too large"),
        ({"expires": -(10**12)}, "too large"),
        ({"project": "absent"}, "no role on a project 'absent'"),
        ({"project": "demo"}, "no role on a project 'demo'"),
    ],
)
def test_the_command_refuses_in_one_sentence(options, sentence):
    published("demo")
    with pytest.raises(CommandError, match=sentence):
        call_command("create_token", UserFactory().username, **options)
    assert not ApiToken.objects.exists()
    assert not TokenProject.objects.exists()


def test_nobody_and_people_who_left_get_no_token():
    UserFactory(username="gone", is_active=False)
    for name in ("absent", "gone"):
        with pytest.raises(CommandError, match=f"no active account '{name}'"):
            call_command("create_token", name)
