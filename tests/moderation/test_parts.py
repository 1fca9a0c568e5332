"""Acting upon one release or one file, whatever a case is about."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from moderation import decisions, groups, offers, parts
from moderation.actions import ACTIONS
from moderation.models import Decision
from packages import names
from packages.models import File, Release
from tests.factories.desk import case_of, reported
from tests.factories.index import held, published, submit
from tests.factories.people import KeeperFactory, UserFactory, actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client):
    """Of a member of the group, who sees neither releases nor files elsewhere in the admin."""
    client.user = UserFactory(is_staff=True)
    client.user.groups.add(Group.objects.get(name=groups.MODERATORS))
    client.force_login(client.user)
    return client


def deciding(case, verb: str) -> str:
    return f"/admin/moderation/case/{case.pk}/decide/{verb}/"


def choices(page) -> list[str]:
    """The keys of everything to which it could be done."""
    found = re.findall(r'(?:href="\?target=|<option value=")([\w-]+)"', page)
    return list(dict.fromkeys(found))


def of_two_releases() -> Release:
    """The older one, with a wheel and an sdist."""
    release = published()
    submit(release.published_by, sdist=True)
    submit(release.published_by, version="2.0")
    return release


def many_releases(release: Release, numbers: range) -> None:
    """Older ones of the same project, of one file each."""
    rows = Release.objects.bulk_create(_older(release, f"0.{number}") for number in numbers)
    like = release.files.first()
    facts = {field.attname: getattr(like, field.attname) for field in File._meta.concrete_fields}
    for row in rows:
        name = f"demo-{row.version}-py3-none-any.whl"
        facts |= {"id": None, "release_id": row.pk, "filename": name, "identity": name}
        row.only_file = File(**facts)
    File.objects.bulk_create(row.only_file for row in rows)


def _older(release: Release, version: str) -> Release:
    return Release(
        project=release.project,
        version=version,
        sort_key=names.version_sort_key(version),
        is_prerelease=False,
        published_at=timezone.now(),
    )


@pytest.mark.parametrize("verb", ["quarantine", "remove"])
@pytest.mark.parametrize("part", ["release", "file"])
def test_one_part_of_a_reported_project_is_acted_upon_and_the_rest_stays(desk, verb, part):
    release = of_two_releases()
    case = reported(release.project)
    wheel = release.files.get(filetype="bdist_wheel")
    thing = release if part == "release" else wheel
    assert f"release-{release.pk}" in choices(desk.get(deciding(case, verb)).content.decode())
    of_release = desk.get(deciding(case, verb), {"target": f"release-{release.pk}"})
    assert f"file-{wheel.pk}" in choices(of_release.content.decode())
    key = {"target": f"{part}-{thing.pk}"}
    preview = desk.get(deciding(case, verb), key).content.decode()
    assert f"{part} {thing}" in preview
    assert wheel.filename in preview
    desk.post(deciding(case, verb), {**key, "reason": "malware"})
    decision = Decision.objects.get()
    assert decision.subject == thing
    left = {"release": 1, "file": 2}[part]
    assert File.objects.offered().count() == left
    decisions.undo(decision, actor=actor(desk.user), reason="a mistake")
    assert File.objects.offered().count() == 3


@pytest.mark.parametrize("about", ["file", "release"])
def test_a_case_of_a_release_or_file_offers_the_files_of_the_release(desk, about):
    release = of_two_releases()
    files = set(release.files.values_list("pk", flat=True))
    case = reported(release if about == "release" else release.files.first())
    found = choices(desk.get(deciding(case, "quarantine")).content.decode())
    assert {f"file-{pk}" for pk in files} <= set(found)
    assert {f"release-{release.pk}", f"project-{release.project_id}"} <= set(found)


def test_files_that_an_undone_approval_put_into_quarantine_are_cleared_in_that_case(desk, settings):
    release = published()
    settings.UPLOAD_HOLD = "everybody"
    stage = held("demo", uploader=release.published_by, sdist=True)
    decision = decisions.approve(stage, actor=actor(desk.user), reason="fine")
    decisions.undo(decision, actor=actor(desk.user), reason="not so fine")
    bad = release.files.get(filetype="sdist")
    assert bad.quarantined
    case = case_of(stage)
    assert "/decide/clear/" in desk.get(case.get_absolute_url()).content.decode()
    assert f"file {bad}" in desk.get(deciding(case, "clear")).content.decode()
    desk.post(deciding(case, "clear"), {"reason": "It was fine."})
    bad.refresh_from_db()
    assert not bad.quarantined


def test_only_what_is_in_quarantine_can_be_cleared(desk):
    release = of_two_releases()
    case, keeper = reported(release.project), actor(KeeperFactory())
    bad = release.files.get(filetype="sdist")
    assert "/decide/clear/" not in desk.get(case.get_absolute_url()).content.decode()
    decisions.quarantine(case, bad, actor=keeper, reason="malware")
    case = reported(release.project)
    page = desk.get(case.get_absolute_url()).content.decode()
    assert "/decide/clear/" in page
    assert f"{bad} is in quarantine (malware)." in page
    assert f"Clear the quarantine of file {bad}" in page
    assert choices(desk.get(deciding(case, "clear")).content.decode()) == [f"file-{bad.pk}"]
    offered = choices(desk.get(deciding(case, "quarantine")).content.decode())
    assert f"file-{bad.pk}" not in offered


def test_a_case_is_not_over_while_another_part_waits_to_be_cleared(desk):
    release = of_two_releases()
    case, keeper = reported(release.project), actor(KeeperFactory())
    for file in release.files.all():
        decisions.decide(case, "quarantine", file, actor=keeper, reason="Odd.", closes=False)
    case.claimed_by = None
    case.save()
    closes = re.compile(r'name="closes"( checked)?')
    assert closes.search(desk.get(deciding(case, "clear")).content.decode())[1] is None
    first = {"choosable": "yes", "reason": "It is sound.", "target": f"file-{file.pk}"}
    desk.post(deciding(case, "clear"), first)
    assert closes.search(desk.get(deciding(case, "clear")).content.decode())[1] == " checked"
    desk.post(deciding(case, "clear"), {"reason": "So is this."})
    assert File.objects.offered().count() == 3


def test_a_case_costs_the_same_with_few_releases_and_with_many(desk, django_assert_max_num_queries):
    release = published()
    case = reported(release.project)
    address = deciding(case, "quarantine")
    pages = [case.get_absolute_url(), address, deciding(case, "clear"), f"{address}?find=0."]
    pages.append(f"{address}?target=release-{release.pk}")
    many_releases(release, range(3))
    counted = {}
    for page in pages:
        desk.get(page)
        with django_assert_max_num_queries(80) as few:
            desk.get(page)
        counted[page] = len(few)
    many_releases(release, range(3, 400))
    Release.objects.filter(version__startswith="0.1").update(quarantined_at=timezone.now())
    for page, number in counted.items():
        with django_assert_max_num_queries(number):
            assert len(desk.get(page).content) < 100_000


def test_any_release_of_very_many_is_found(desk):
    release = published()
    many_releases(release, range(300))
    case = reported(release.project)
    oldest = Release.objects.get(version="0.0")
    address = deciding(case, "quarantine")
    offered = choices(desk.get(address).content.decode())
    assert f"release-{oldest.pk}" not in offered
    assert len(offered) < 2 * parts.NEWEST
    found = choices(desk.get(address, {"find": "0.0"}).content.decode())
    assert f"release-{oldest.pk}" in found
    file = oldest.files.get()
    found = choices(desk.get(address, {"find": file.filename}).content.decode())
    assert f"file-{file.pk}" in found
    desk.post(address, {"target": f"release-{oldest.pk}", "reason": "malware"})
    assert Release.objects.exclude(quarantined_at=None).get() == oldest
    nothing = desk.get(address, {"find": "<b>\0nothing"}).content.decode()
    assert "Nothing of that name" in nothing
    assert "<b>nothing" not in nothing


@pytest.mark.parametrize("verb", ["quarantine", "dismiss", "freeze"])
def test_what_belongs_to_others_is_not_acted_upon(desk, verb):
    case = reported(published().project)
    other = published("other")
    for key in (
        f"release-{other.pk}",
        f"file-{other.files.get().pk}",
        "file-" + "9" * 30,
        "file-x",
        "file-",
        "person-1",
        "nonsense",
    ):
        assert desk.get(deciding(case, verb), {"target": key}).status_code == 404
    assert not offers.find(
        case, ACTIONS["dismiss"], f"release-{case.subject_project.releases.get().pk}"
    )


def test_what_is_removed_is_no_choice(desk):
    release = of_two_releases()
    case = reported(release.project)
    decisions.remove(case, release, actor=actor(KeeperFactory()), reason="malware")
    case = reported(release.project)
    page = desk.get(deciding(case, "quarantine")).content.decode()
    assert f"release-{release.pk}" not in choices(page)
    assert case_of(release.project) == case
