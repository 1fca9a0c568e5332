"""What a request has no time for: one job after another looks, and what passes is asked again."""

from __future__ import annotations

import pytest

from accounts.actors import Actor
from moderation import looking
from moderation.models import Observation, ProhibitedName
from moderation.scanning import Scan, scan
from packages.models import File, Project, Release, Stage, StagedFile, StageStatus
from packages.uploads import looks, stages
from packages.uploads.archives import onlookers
from packages.uploads.rules import MIB, Rules
from tests.factories import index, jobs
from tests.factories.dists import make_sdist
from tests.factories.people import AdministratorFactory, UserFactory
from tests.moderation.policies.helpers import set_policy
from tests.packages import oidc_helpers as oidc
from tests.packages.uploads.sessions.client import Api, wheel

pytestmark = pytest.mark.django_db
issuer = oidc.issuer  # a fixture
EVIL = "import os; exec(bytes.fromhex('7072'))\n"
TAGS = ("cp311-none-any", "cp312-none-any", "cp313-none-any")


@pytest.fixture
def person():
    return UserFactory(trusted=True)


@pytest.fixture
def no_time(monkeypatch):
    """Requests have no time for anything; a job for one file."""
    monkeypatch.setattr(scan.Scan.__init__, "__defaults__", (0.0,))
    monkeypatch.setattr(looks.Looks.__init__, "__defaults__", (0.0,))
    monkeypatch.setattr(looking, "SECONDS", -1.0)


def codes(stage):
    return [hold["code"] for hold in stage.holds]


def session(person, files=None, version="1.0"):
    """A session of three wheels that was asked to be published; the second has `files`."""
    opened = Api(person).open("demo", version)
    for tag in TAGS:
        inside = {"files": files} if files and tag == TAGS[1] else {}
        opened.add(wheel(version=version, tag=tag, **inside))
    assert opened.publish().status_code == 202
    return Stage.objects.held().get()


# -- a request ------------------------------------------------------------------------------------


def test_all_archives_of_a_request_share_its_time(person):
    file = index.published_file(uploader=person)
    other = index.published_file("other", uploader=person)
    seen = looks.Looks(0.2)
    assert not seen.of(file, Scan).unseen
    assert 0 < seen.left < 0.2
    seen.left = 0
    assert seen.of(other, Scan).unseen == [other.filename]
    assert not seen.of(file, Scan).unseen  # that was seen


def test_unpacking_counts(tmp_path):
    path = make_sdist(tmp_path, files={"demo/a.bin": bytes(100 * MIB), "demo/b.py": "x = 1\n"})
    looker = Scan(path.name)
    rules = Rules(uncompressed_size=200 * MIB, ratio=10_000)
    onlookers.show(looker, path, rules, sdist=True, seconds=0.02)
    assert looker.unseen == ["demo-1.0/demo/a.bin"]
    assert looker.late


def test_a_session_for_which_there_is_no_time_waits_for_jobs(person, no_time):
    stage = session(person)
    assert set(codes(stage)) == {"being-looked-at"}
    jobs.run_all()
    assert File.objects.count() == 3


# -- jobs -----------------------------------------------------------------------------------------


def test_a_job_goes_on_where_the_one_before_stopped(person, no_time, monkeypatch):
    stage = session(person)
    looked_at = []

    def judge(stage, file):
        looked_at.append(file.filename)
        return []

    monkeypatch.setattr(looking, "_judge", judge)
    assert not looking.look_through(stage.pk)
    stage.refresh_from_db()
    assert codes(stage) == ["being-looked-at"]
    assert len(stage.holds[0]["looked through"]) == 1
    assert ("moderation.looking.look_through", (stage.pk,)) in jobs.waiting()
    assert not looking.look_through(stage.pk)
    assert looking.look_through(stage.pk)
    assert looked_at == sorted(StagedFile.objects.values_list("filename", flat=True))


def test_what_any_of_the_jobs_finds_is_kept(person, no_time):
    stage = session(person, {"evil.pth": EVIL})
    jobs.run_all()
    stage.refresh_from_db()
    assert set(codes(stage)) == {"startup-hooks", "obfuscated-code"}
    assert {signal["file"] for hold in stage.holds for signal in hold["signals"]} == {
        f"demo-1.0-{TAGS[1]}.whl"
    }


def test_what_any_of_the_jobs_only_observes_comes_to_the_desk(person, no_time):
    set_policy("startup-hooks", action="observe")
    set_policy("obfuscated-code", enabled=False)
    session(person, {"evil.pth": EVIL})
    jobs.run_all()
    assert Release.objects.exists()
    assert Observation.objects.get().lines[0]["member"] == "evil.pth"


def test_what_the_request_found_is_not_said_twice(person, monkeypatch):
    files = {"evil.pth": EVIL, "demo/large.py": "x = 1\n" * 800_000}
    stage = index.held(uploader=person, files=files)
    assert codes(stage) == ["startup-hooks", "obfuscated-code", "being-looked-at"]
    looking.look_through(stage.pk)
    stage.refresh_from_db()
    assert codes(stage) == ["startup-hooks", "obfuscated-code", "too-large-to-look-through"]


def test_a_moderator_may_be_faster(person, no_time, monkeypatch):
    stage = index.held(uploader=person)
    moderator = Actor(user=AdministratorFactory())

    def decide(held, file):
        stages.approve(held, actor=moderator, reason="I have looked.")
        return []

    monkeypatch.setattr(looking, "_judge", decide)
    assert not looking.look_through(stage.pk)
    stage.refresh_from_db()
    assert stage.status == StageStatus.PUBLISHED


# -- what passes is asked again -------------------------------------------------------------------


def prohibit(stage):
    ProhibitedName.objects.create(name="demo", reason="trade mark")


def freeze(stage):
    stage.created_by.is_active = False
    stage.created_by.save()


def dismiss(stage):
    stage.project.roles.all().delete()


def quarantine(stage):
    Project.objects.update(status="quarantined", status_reason="It is looked at.")


def hold_everybody(stage):
    set_policy("new-account", enabled=True, numbers={"days": 90})
    stage.created_by.trusted_at = None
    stage.created_by.save()


@pytest.mark.parametrize(
    ("meanwhile", "code"),
    [
        (prohibit, "prohibited-name"),
        (freeze, "uploader-may-not-upload"),
        (dismiss, "uploader-may-not-upload"),
        (quarantine, "project-takes-no-uploads"),
        (hold_everybody, "new-account"),
    ],
)
def test_what_changed_meanwhile_stops_it(person, no_time, meanwhile, code):
    stage = index.held(uploader=person)
    meanwhile(stage)
    assert not looking.look_through(stage.pk)
    stage.refresh_from_db()
    assert code in codes(stage)
    assert stage.status == StageStatus.PROCESSING
    assert not File.objects.exists()
    assert ("moderation.tasks.tell_moderators", (stage.pk,)) in jobs.waiting()


@pytest.mark.parametrize("trusted", [True, False])
def test_a_job_passes_as_long_as_its_publisher_is_trusted(
    issuer, client, tmp_path, person, no_time, trusted
):
    oidc.prepare("demo", person)
    sent = oidc.upload(client, oidc.mint(client, issuer), tmp_path, version="1.0")
    assert sent.status_code == 202
    stage = Stage.objects.held().get()
    if not trusted:
        stage.project.publishers.all().delete()
    assert looking.look_through(stage.pk) is trusted
    assert File.objects.exists() is trusted
