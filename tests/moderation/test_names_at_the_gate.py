"""Names at the gate: what is refused, held or let through, by whichever door it comes."""

from __future__ import annotations

import pytest
from django.urls import get_resolver

from accounts.actors import SYSTEM, Actor
from moderation import hits, popular, prohibitions, protected, reserved
from moderation.models import (
    PopularNames,
    ProhibitedName,
    ReservedPrefix,
    SimilarityException,
)
from packages import projects, publishers, renames
from packages.models import Project, Stage
from packages.uploads import policies, staging
from packages.uploads.policies import Submission
from packages.uploads.stages import RefusedByPolicy, Result
from tests.factories.index import held, published, submit
from tests.factories.people import ModeratorFactory, UserFactory, actor
from tests.packages.uploads.sessions.client import Api, wheel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_checker")]


def code_of(user, name: str) -> str:
    with pytest.raises(RefusedByPolicy) as refusal:
        submit(user, name)
    assert not Project.objects.filter(normalized_name=name).exists()
    return refusal.value.errors[0]["code"]


# -- look-alikes ---------------------------------------------------------------------------------


def test_a_squat_of_a_popular_name_is_refused_and_told_what_to_do(somebody, settings):
    settings.MODERATORS_CONTACT = "moderators@example.org"
    with pytest.raises(RefusedByPolicy) as refusal:
        submit(somebody, "reqeusts")
    assert "`reqeusts` swaps two letters of `requests`" in refusal.value.text
    assert "choose another name" in refusal.value.text
    assert "moderators@example.org" in refusal.value.text


def test_a_doubtful_name_waits_for_a_moderator_with_the_evidence(somebody):
    outcome = submit(somebody, "functools-jaraco")
    assert outcome.result is Result.HELD
    (hold,) = Stage.objects.get().holds
    assert hold["code"] == "look-alike-name"
    assert (hold["target"], hold["rule"]) == ("jaraco-functools", "word order")
    assert float(hold["score"]) > 0


def test_a_popular_name_itself_is_free(somebody):
    assert submit(somebody, "requests").result is Result.PUBLISHED


def test_a_project_of_this_index_is_protected_at_once(somebody):
    published("cheese-counter")
    submit(somebody, "warm-up")  # builds the checker
    published("bread-counter")
    assert protected.neighbours("braed-counter") == ["bread-counter"]
    assert protected.judge("braed-counter").target == "bread-counter"


def test_owners_may_resemble_their_own_projects(somebody):
    published("cheese-counter", uploader=somebody)
    assert submit(somebody, "cheesecounter").result is Result.PUBLISHED
    assert code_of(UserFactory(trusted=True), "cheese-c0unter") == "confusable-name"


def test_a_later_release_is_not_asked_about_its_name(somebody, django_assert_num_queries):
    published("cheese-counter", uploader=somebody)
    project = Project.objects.get()
    submission = Submission(actor(somebody), project, registers=False, version="2.0", file=None)
    with django_assert_num_queries(0):
        assert policies.review(submission) == []


def test_thresholds_are_settings(somebody, settings):
    settings.LOOKALIKE_BLOCK = 1.1
    assert submit(somebody, "reqeusts").result is Result.HELD
    protected._built.clear()
    settings.LOOKALIKE_REVIEW = 1.1
    assert submit(somebody, "rqeuests").result is Result.PUBLISHED


def test_a_policy_that_is_switched_off_says_nothing(somebody, settings):
    settings.UPLOAD_POLICIES = ["moderation.policies.refuse_prohibited_names"]
    assert submit(somebody, "reqeusts").result is Result.PUBLISHED


# -- exceptions ----------------------------------------------------------------------------------


def test_a_pair_that_a_moderator_excepted_is_free_for_everybody(somebody):
    SimilarityException.objects.create(candidate="reqeusts", target="requests", reason="a pun")
    assert submit(somebody, "reqeusts").result is Result.PUBLISHED
    assert code_of(somebody, "rqeuests") == "look-alike-name"


def test_an_exception_for_a_person_is_for_nobody_else(somebody):
    SimilarityException.objects.create(owner=somebody, target="requests", reason="its author")
    assert code_of(UserFactory(trusted=True), "reqeusts") == "look-alike-name"
    assert submit(somebody, "reqeusts").result is Result.PUBLISHED


# -- twins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cheesecounter", "cheese-c0unter", "chee-secounter"])
def test_a_twin_of_a_project_is_refused(somebody, name):
    published("cheese-counter")
    assert code_of(somebody, name) == "confusable-name"


def test_a_reservation_that_is_not_public_yet_gives_nothing_away(somebody):
    submit(UserFactory(), "cheese-counter")
    assert submit(somebody, "cheesecounter").result is Result.PUBLISHED


def test_twins_are_found_by_index(django_assert_max_num_queries):
    published("cheese-counter")
    with django_assert_max_num_queries(4):
        assert protected.twin_of("cheesecounter", SYSTEM) == "cheese-counter"


# -- reserved words ------------------------------------------------------------------------------


def test_every_first_word_of_our_addresses_is_reserved():
    routes = [str(pattern.pattern) for pattern in get_resolver().url_patterns]
    firsts = {route.split("/")[0] for route in routes if route[:1].isalnum() and "/" in route}
    assert {"admin", "simple", "legacy", "search", "accounts"} <= firsts
    assert [word for word in firsts if not reserved.is_reserved(word)] == []


@pytest.mark.parametrize("name", ["admin", "Simple", "legacy", "accounts"])
def test_a_word_of_our_addresses_is_refused(somebody, name):
    with pytest.raises(RefusedByPolicy) as refusal:
        submit(somebody, name)
    assert refusal.value.errors[0]["code"] == "reserved-word"


def test_the_empty_route_and_patterns_reserve_nothing():
    assert "" not in reserved.words()
    assert not reserved.is_reserved("demo")


# -- prohibited, and released to somebody --------------------------------------------------------


def test_only_the_person_to_whom_a_name_was_released_registers_it(somebody):
    (row,) = prohibitions.prohibit(["reqeusts"], actor=SYSTEM, reason="a trade mark")
    prohibitions.release(row, somebody, actor=SYSTEM, reason="It is theirs.")
    assert code_of(UserFactory(trusted=True), "reqeusts") == "prohibited-name"
    assert code_of(ModeratorFactory(), "reqeusts") == "prohibited-name"
    assert submit(somebody, "reqeusts").result is Result.PUBLISHED


def test_a_name_is_prohibited_once_whoever_asks():
    prohibitions.prohibit(["evil", "Evil", "worse"], actor=SYSTEM, reason="bad")
    assert prohibitions.prohibit(["EVIL", "é"], actor=SYSTEM, reason="bad") == []
    assert sorted(ProhibitedName.objects.values_list("name", flat=True)) == ["evil", "worse"]


def test_the_preview_tells_what_would_be_hit(django_assert_num_queries):
    published("demo")
    prohibitions.prohibit(["known"], actor=SYSTEM, reason="bad")
    with django_assert_num_queries(5):
        found = {hit.name: hit for hit in hits.preview(["Demo", "known", "é", "free"])}
    assert (found["demo"].project.name, found["demo"].files) == ("demo", 1)
    assert "already" in found["known"].remark
    assert "no valid name" in found["é"].remark
    assert found["free"].is_new
    assert (found["free"].project, found["free"].notes) == (None, ())


def test_the_preview_tells_what_is_prepared_was_or_looks_the_same(somebody):
    held("waiting")
    staging.open_session(Actor(user=somebody), "prepared", "1.0")
    renames.rename(published("once").project, "now", actor=SYSTEM)
    projects.delete(published("gone").project, actor=SYSTEM, reason="over")
    published("cheese-counter")
    facts = {"repository": "ann/demo", "workflow": "release.yml", "environment": "pypi"}
    publishers.prepare("hoped-for", "github", facts, actor=actor(somebody))
    every = ["waiting", "prepared", "once", "gone", "cheesec0unter", "hoped-for"]
    told = {hit.name: " ".join(hit.notes) for hit in hits.preview(every)}
    assert "waits on the desk; reject it there" in told["waiting"]
    assert "prepares its first release" in told["prepared"]
    assert "a former name of the project now" in told["once"]
    assert "was deleted" in told["gone"]
    assert "The project cheese-counter, which differs only" in told["cheesec0unter"]
    assert "1 pending publisher for it will be refused" in told["hoped-for"]


def test_a_reserved_prefix_is_an_administrators_to_give(somebody, settings):
    settings.MODERATORS_CONTACT = "moderators@example.org"
    ReservedPrefix.objects.create(prefix="acme", reason="Acme's own.")
    with pytest.raises(RefusedByPolicy) as refusal:
        submit(somebody, "acme-tools")
    assert "ask an administrator of this index at moderators@example.org" in refusal.value.text


# -- the staged way ------------------------------------------------------------------------------


def test_a_session_for_a_squat_is_refused_when_its_name_is_asked_for(somebody):
    answer = Api(somebody).create("reqeusts")
    assert answer.status_code == 400
    assert b"swaps two letters" in answer.content
    assert not Project.objects.exists()


def test_a_session_under_a_doubtful_name_waits_when_it_is_published(somebody):
    session = Api(somebody).open("functools-jaraco")
    session.add(wheel("functools-jaraco"))
    session.publish()
    assert Stage.objects.held().get().holds[0]["target"] == "jaraco-functools"


def test_a_rename_asks_the_same_policies(somebody):
    project = published("cheese-counter", uploader=somebody).project
    candidate = Project(pk=project.pk, name="reqeusts", normalized_name="reqeusts")
    with pytest.raises(RefusedByPolicy, match="swaps two letters"):
        policies.require_allowed(Submission(actor(somebody), candidate, True, "", None))


# -- the list of popular names -------------------------------------------------------------------

ROWS = "".join(f'{{"project": "cheese{n}", "download_count": {1000 - n}}},' for n in range(20))


@pytest.mark.parametrize(
    "text",
    [
        f'{{"last_update": "today", "rows": [{ROWS[:-1]}]}}',
        f"[{ROWS[:-1]}]",
        "name,downloads\n" + "".join(f"cheese{n},{1000 - n}\n" for n in range(20)),
    ],
)
def test_the_popular_names_are_replaced(text):
    popular.refresh(text, actor=SYSTEM)
    found = list(PopularNames.targets())
    assert len(found) == 20
    assert found[0].name == "cheese0"
    assert protected.judge("reqeusts").target is None


@pytest.mark.parametrize("text", ["", "[]", "{", "name\n", '["a", 1, null]', "\0", "<html>"])
def test_what_is_no_list_is_refused_and_changes_nothing(text):
    with pytest.raises(popular.UnreadableList):
        popular.refresh(text, actor=SYSTEM)
    assert PopularNames.version() is None


def test_an_actor_without_account_has_no_exemptions():
    assert protected.judge("reqeusts", Actor()).target == "requests"
