"""Uploads that must be refused, each with its own code and sentence, and nothing left behind.

The numbers in the ids are those of the adversarial inputs in the field notes (standards.md,
section 10).  What is sent is in `adversarial/`, a module for each kind.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings
from django_q.models import OrmQ

from accounts.models import User
from packages import names
from packages.models import File
from tests.factories.people import UserFactory, token_for
from tests.packages.uploads.adversarial import (
    filenames,
    metadata,
    requests,
    tars,
    versions,
    wheels,
    zips,
)
from tests.packages.uploads.adversarial import names as bad_names
from tests.packages.uploads.adversarial.attempts import PROBLEM, WHEEL, Attempt, Row, good
from tests.packages.uploads.test_oddities import ODDITIES

MODULES = (bad_names, versions, filenames, zips, wheels, tars, metadata, requests)
ROWS: list[Row] = [row for module in MODULES for row in module.ROWS]
HERE = Path(__file__).parents[2]

# Inputs that one upload cannot show, and where they are tested; or why not yet.
ELSEWHERE = {
    7: "",  # namespaces (PEP 752) are on the road ahead (design.md, section 9)
    55: "packages/test_concurrency.py::"
    "test_of_eight_uploads_of_one_filename_with_different_bytes_one_is_published",
}
PARTLY_ELSEWHERE = {
    40: "packages/test_descriptions.py::",
    49: "protocol/test_refusals.py::test_an_upload_that_breaks_off_leaves_nothing_behind",
}

PLACES = [place for place in (*ELSEWHERE.values(), *PARTLY_ELSEWHERE.values()) if place]

# What a sentence has that tells people what to do, or what the rule is.
ADVICE = re.compile(
    r"; |: |\b(?:must|at most|only one|use|send|build|remove|choose|verify)\b",
    re.IGNORECASE,
)
# Words of ours or of a library that are for programmers.
INNARDS = re.compile(r"Error\(|Traceback|\bNone\b|<class |object at 0x")


def kept() -> tuple[Counter[str], set[str], list[str]]:
    """Everything that an upload could leave: rows, blobs, files on their way in."""
    models = [*apps.get_app_config("packages").get_models(), OrmQ]
    rows = Counter({model.__name__: model.objects.count() for model in models})
    blobs = Path(settings.STORAGES["files"]["OPTIONS"]["location"])
    arriving = settings.INCOMING_DIR
    return (
        rows,
        {str(path.relative_to(blobs)) for path in blobs.rglob("*") if path.is_file()},
        [path.name for path in arriving.iterdir()] if arriving.is_dir() else [],
    )


def expect_a_refusal(row: Row, response: HttpResponse) -> None:
    """The status, the code and the sentence, in the form that programs ask for."""
    assert response.status_code == row.status, response.content[:300]
    assert response["Content-Type"] == PROBLEM
    problem = response.json()
    assert problem["code"] == row.code, problem
    assert problem["status"] == row.status
    assert row.says in problem["detail"]
    codes = [error["code"] for error in problem.get("errors", [])]
    assert row.finding in codes if row.finding else not codes, problem
    for sentence in [problem["detail"], *(error["message"] for error in problem.get("errors", []))]:
        expect_a_sentence(sentence)


def expect_a_sentence(sentence: str) -> None:
    """One line, one full stop, and something to do."""
    assert sentence.endswith("."), sentence
    assert len(sentence.splitlines()) == 1, sentence
    assert sentence.isprintable(), sentence
    assert len(sentence) < 500, sentence
    assert ADVICE.search(sentence), sentence
    assert not INNARDS.search(sentence), sentence


def expect_the_same_in_plain_text(problem: HttpResponse, response: HttpResponse) -> None:
    """What twine, flit and poetry get: the sentence in the reason phrase and in the body."""
    assert response.status_code == problem.status_code
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    detail = problem.json()["detail"]  # type: ignore[attr-defined]
    assert response.content.decode().splitlines()[0] == detail
    for phrase in (problem.reason_phrase, response.reason_phrase):
        assert phrase.encode("latin-1")
        assert phrase.isprintable()
        assert len(phrase) <= 200
        assert phrase[:40] == detail.encode("latin-1", "replace").decode("latin-1")[:40]


def expect_success(attempt: Attempt, user: User) -> None:
    """A faultless upload is published under this very name, with its own bytes."""
    response = attempt.send(Client(), token_for(user), "*/*")
    assert response.status_code == 200, response.content
    file = File.objects.get(filename=attempt.filename)
    assert file.sha256 == hashlib.sha256(attempt.data).hexdigest()
    assert file.uploaded_by == user


def name_to_try(row: Row, attempt: Attempt) -> str:
    """The row's own filename if it is one that anybody may use, else any good one."""
    if row.afterwards:
        return row.afterwards
    assert names.parse_filename(attempt.filename), "a row with a bad filename says what to try"
    return attempt.filename


def _parameter(row: Row):
    marks = [pytest.mark.xfail(reason=row.defect, raises=AssertionError)] if row.defect else []
    return pytest.param(row, id=row.id, marks=marks)


@pytest.mark.django_db
@pytest.mark.parametrize("row", [_parameter(row) for row in ROWS])
def test_an_upload_is_refused_in_one_sentence_and_leaves_nothing_behind(row: Row):
    """TOB-PYPI-27, INC-4."""
    user = UserFactory(trusted=True)
    own = token_for(user)
    token = (row.before(user) if row.before else None) or own
    attempt = row.build()
    before = kept()

    with override_settings(**row.settings):
        problem = attempt.send(Client(), token, PROBLEM)
        plain = attempt.send(Client(), token, "*/*")

    expect_a_refusal(row, problem)
    expect_the_same_in_plain_text(problem, plain)
    assert kept() == before
    expect_success(good(name_to_try(row, attempt)), user)


def test_the_table_is_as_long_as_promised_and_no_two_rows_are_alike():
    ids = [row.id for row in ROWS]
    assert len(ids) >= 170
    assert not [id_ for id_, count in Counter(ids).items() if count > 1]


def test_every_numbered_input_of_an_upload_is_covered():
    covered = {item for row in [*ROWS, *ODDITIES] for item in row.items}
    assert covered | ELSEWHERE.keys() == set(range(1, 56))
    assert not covered & ELSEWHERE.keys()


@pytest.mark.parametrize("place", PLACES)
def test_what_is_tested_elsewhere_is_there(place: str):
    path, _, test = place.partition("::")
    assert f"def {test}(" in (HERE / path).read_text() if test else (HERE / path).is_file()


def test_a_good_upload_leaves_what_the_refused_ones_do_not(db):
    rows, blobs, arriving = kept()
    expect_success(good(WHEEL), UserFactory(trusted=True))
    more_rows, more_blobs, still_arriving = kept()
    for name in ("Project", "Release", "File", "Role", "JournalEntry"):
        assert more_rows[name] > rows[name]
    assert len(more_blobs - blobs) == 2
    assert arriving == still_arriving == []
