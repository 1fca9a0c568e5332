"""The moderators' desk in the Django admin."""

from __future__ import annotations

import re

import pytest

from accounts.actors import SYSTEM
from moderation import appeals, cases, decisions
from moderation.models import (
    Case,
    Decision,
    Note,
    ReadyReason,
)
from packages import storage
from packages.models import File, Project, Release
from packages.uploads import stages
from tests.factories.desk import NAMES, case_of, many_cases, prohibit, reported
from tests.factories.index import held, published, submit
from tests.factories.people import (
    AdministratorFactory,
    KeeperFactory,
    ModeratorFactory,
    UserFactory,
    actor,
)

pytestmark = pytest.mark.django_db
DESK = "/admin/"


def page_of(thing) -> str:
    return f"/admin/moderation/case/{case_of(thing).pk}/change/"


def deciding(thing, verb: str) -> str:
    return f"/admin/moderation/case/{case_of(thing).pk}/decide/{verb}/"


def working(thing, verb: str) -> str:
    return f"/admin/moderation/case/{case_of(thing).pk}/work/{verb}/"


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def titles(page) -> list[str]:
    """Without the file that stands behind each release."""
    return re.findall(r'class="queue__title"[^>]*>([^<(]+?)(?: \([^<]*)?<', page.content.decode())


# -- the front page ------------------------------------------------------------------------------


def test_the_front_page_is_the_queue_the_oldest_first(desk):
    first, second = held("one"), held("other", "2.0", sdist=True)
    page = desk.get(DESK)
    assert titles(page) == ["one 1.0", "other 2.0"]
    text = page.content.decode()
    for stage in (first, second):
        assert stage.created_by.username in text
    assert "first-release-by" in text
    assert "2 cases waiting" in text


def test_the_front_page_shows_nothing_to_whoever_may_not_decide(client):
    client.force_login(UserFactory(is_staff=True))
    held()
    page = client.get(DESK)
    assert page.status_code == 200
    assert b"data-desk" not in page.content
    assert b"demo" not in page.content


def test_the_desk_bears_the_name_of_the_site(desk, settings):
    settings.SITE_NAME = "Cheese Shop"
    assert b"Cheese Shop administration" in desk.get(DESK).content


def test_an_empty_desk_says_so(desk):
    assert b"No case waits for a decision" in desk.get(DESK).content


ADDRESSES = [
    DESK,
    NAMES,
    "/admin/moderation/case/",
    "/admin/moderation/case/1/change/",
    "/admin/moderation/case/1/decide/approve/",
    "/admin/moderation/case/1/decisions/1/undo/",
    "/admin/moderation/case/1/files/staged-1/",
    "/admin/moderation/case/1/files/staged-1/member/?path=x",
    "/admin/moderation/case/1/work/claim/",
    "/admin/moderation/case/bulk/claim/",
    "/admin/moderation/heldupload/",
    "/admin/moderation/heldupload/1/change/",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_nobody_signed_in_is_sent_to_the_sign_in_page(client, address):
    response = client.get(address)
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/?next=")


@pytest.mark.parametrize("post", [False, True])
@pytest.mark.parametrize("address", [each for each in ADDRESSES if each != DESK])
def test_staff_without_the_permission_see_nothing_and_do_nothing(client, address, post):
    stage = held()
    address = address.replace("/case/1/", f"/case/{case_of(stage).pk}/")
    client.force_login(UserFactory(is_staff=True))
    answer = client.post(address, {"reason": "x", "case": 1}) if post else client.get(address)
    assert answer.status_code == 403
    assert not Decision.objects.exists()
    stage.refresh_from_db()
    assert stage.status == "processing"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["one 1.0", "other 1.0", "demo"]),
        ("view=mine", ["other 1.0"]),
        ("view=free", ["one 1.0", "demo"]),
        ("view=all", ["one 1.0", "gone 1.0", "other 1.0", "demo"]),
        ("view=decided", ["gone 1.0"]),
        ("view=asked", []),
        ("kind=malware", ["demo"]),
        ("kind=held", ["one 1.0", "other 1.0"]),
        ("severity=3", ["demo"]),
        ("age=today", ["one 1.0", "other 1.0", "demo"]),
        ("age=older", []),
        ("order=newest", ["demo", "other 1.0", "one 1.0"]),
        ("order=gravest", ["demo", "one 1.0", "other 1.0"]),
        ("q=ONE+1", ["one 1.0"]),
        ("q=one-1.0-py3", ["one 1.0"]),
        ("q=zelda", ["other 1.0"]),
        ("q=%00&kind=nonsense&age=x&severity=9&view=x&order=x&page=x", None),
    ],
)
def test_the_queue_is_filtered_searched_and_ordered(desk, moderator, query, shown):
    held("one")
    decisions.reject(held("gone"), actor=actor(ModeratorFactory()), reason="no")
    other = held("other", uploader=UserFactory(username="zelda"))
    cases.claim(case_of(other), actor=actor(moderator))
    reported(published("demo").project)
    expected = ["one 1.0", "other 1.0", "demo"] if shown is None else shown
    assert titles(desk.get(f"{DESK}?{query}")) == expected


def test_the_counts_are_by_kind_and_age(desk):
    from datetime import timedelta

    from django.utils import timezone

    for number, days in enumerate([0, 3, 20, 400]):
        stage = held(f"p{number}")
        opened = timezone.now() - timedelta(days=days)
        Case.objects.filter(stage=stage).update(opened_at=opened)
    reported(published("demo").project)
    page = desk.get(DESK)
    rows = page.context["counts"].rows
    assert [(kind, [number for _, number in cells], all_) for kind, _, cells, all_ in rows] == [
        ("held", [1, 1, 1, 1], 4),
        ("malware", [1, 0, 0, 0], 1),
    ]
    assert titles(desk.get(f"{DESK}?age=weeks")) == ["p2 1.0"]


def test_the_queue_costs_the_same_for_three_and_for_many(desk, django_assert_max_num_queries):
    many_cases(3)
    desk.get(DESK)
    with django_assert_max_num_queries(12) as few:
        assert len(titles(desk.get(DESK))) == 3
    many_cases(200, first=3)
    with django_assert_max_num_queries(len(few)):
        page = desk.get(f"{DESK}?page=2")
    assert len(titles(page)) == 50
    assert b"Page 2 of 5" in page.content


def test_an_upload_of_a_deleted_account_is_still_listed(desk):
    stage = held()
    stage.created_by.delete()
    assert b"(deleted account)" in desk.get(DESK).content
    assert b"(deleted account)" in desk.get(page_of(stage)).content


def test_addresses_of_former_versions_lead_to_the_desk(desk):
    stage = held()
    assert desk.get("/admin/moderation/heldupload/")["Location"] == "/admin/?kind=held"
    old = desk.get(f"/admin/moderation/heldupload/{stage.pk}/change/")
    assert old["Location"] == page_of(stage)
    assert desk.get("/admin/moderation/case/?q=x")["Location"] == "/admin/?q=x"
    for key in ("0", "x", "9" * 30, "%00"):
        assert desk.get(f"/admin/moderation/heldupload/{key}/change/").status_code == 404


# -- the page of a case --------------------------------------------------------------------------


def test_the_page_shows_everything_that_there_is_to_see(desk):
    stage = held(
        "demo",
        extra_metadata="Summary: A <script>demo</script>\nClassifier: Topic :: Utilities",
        description="The long & winding description",
        files={"demo/__init__.py": "x = 1\n", "demo/deep/er.py": "y = 2\n"},
    )
    text = desk.get(page_of(stage)).content.decode()
    file = stage.files.get()
    facts = [
        stage.created_by.username,
        file.filename,
        f"{file.size:,} bytes",
        file.sha256,
        file.blake2b_256,
        file.md5,
        "A &lt;script&gt;demo&lt;/script&gt;",
        "Topic :: Utilities",
        "The long &amp; winding description",
        "deep/",
        "er.py",
        "demo-1.0.dist-info/",
        "RECORD",
        "first-release-by-new-uploader",
        "pytest",
        "0 earlier uploads",
        "not trusted yet",
    ]
    assert [fact for fact in facts if fact not in text] == []
    assert "<script>demo" not in text


def test_looking_at_a_case_is_remembered_once(desk):
    stage = held()
    assert case_of(stage).looked_at is None
    desk.get(page_of(stage))
    first = case_of(stage).looked_at
    desk.get(page_of(stage))
    assert case_of(stage).looked_at == first is not None


def test_the_page_shows_what_is_inside_an_sdist(desk):
    stage = held("demo", sdist=True)
    text = desk.get(page_of(stage)).content.decode()
    assert "demo-1.0/" in text
    assert "PKG-INFO" in text
    assert "source distribution" in text


def test_the_page_shows_what_the_checks_remark(desk):
    stage = held("demo-pkg", filename="Demo_Pkg-1.0-py3-none-any.whl")
    assert b"should begin with" in desk.get(page_of(stage)).content


def test_the_page_says_so_when_the_bytes_are_gone(desk):
    stage = held()
    storage.delete(stage.files.get().sha256)
    page = desk.get(page_of(stage))
    assert page.status_code == 200
    assert b"The file is missing from the storage" in page.content
    file = f"/admin/moderation/case/{case_of(stage).pk}/files/staged-{stage.files.get().pk}/"
    assert desk.get(file).status_code == 200
    assert desk.get(f"{file}member/?path=demo/__init__.py").status_code == 404


def a_new_release(settings):
    """A second release that does what a stolen token would do, held."""
    owner = published(
        "demo", files={"demo/__init__.py": "x = 1\n", "demo/old.py": "gone\n"}
    ).published_by
    settings.UPLOAD_HOLD = "everybody"
    stage = held(
        "demo",
        "1.1",
        uploader=owner,
        files={"demo/__init__.py": "x = 2\nimport os\n", "demo_init.pth": "import os\n"},
        extra_metadata="Requires-Dist: requestz",
    )
    place = {"rule": "startup-hook", "severity": "high", "member": "demo_init.pth", "line": 1}
    stage.holds[0]["signals"] = [{**place, "excerpt": "import os"}]
    stage.save()
    return stage


def test_the_page_shows_what_changed_since_the_release_before(desk, settings):
    stage = a_new_release(settings)
    text = desk.get(page_of(stage)).content.decode()
    for fact in (
        "Changed since 1.0",
        "Runs at each start of Python:</strong> demo_init.pth",
        "New dependencies:</strong> requestz",
        "demo/old.py",
        'class="source__text">x = 2<',
        'class="source__text">x = 1<',
        "startup-hook",
        "demo_init.pth:1",
    ):
        assert fact in text, fact


def test_a_member_is_shown_by_line_highlighted_and_with_what_fired(desk, settings):
    stage = a_new_release(settings)
    key = f"staged-{stage.files.get().pk}"
    address = f"/admin/moderation/case/{case_of(stage).pk}/files/{key}/"
    assert b"demo_init.pth" in desk.get(address).content
    hook = desk.get(f"{address}member/?path=demo_init.pth").content.decode()
    assert 'id="L1" class="source__line source__line--fired"' in hook
    assert '<span class="kn">import</span>' in hook
    assert "style=" not in hook
    assert desk.get(f"{address}member/?path=nothing").status_code == 404
    assert desk.get(f"{address}member/").status_code == 404


def test_files_of_other_projects_are_not_shown(desk):
    stage, other = held("one"), held("other")
    elsewhere = published("public").files.get()
    case = case_of(stage).pk
    for key in (
        f"staged-{other.files.get().pk}",
        f"file-{elsewhere.pk}",
        "staged-0",
        "file-" + "9" * 30,
        "nonsense",
    ):
        assert desk.get(f"/admin/moderation/case/{case}/files/{key}/").status_code == 404


def test_the_page_shows_the_likeness_beside_the_candidate(desk):
    submit(
        UserFactory(trusted=True), "functools-jaraco", extra_metadata="Summary: Functools, enhanced"
    )
    text = desk.get(Case.objects.get().get_absolute_url()).content.decode()
    assert "target jaraco-functools, rule word order" in text
    assert "Functools, enhanced" in text
    assert re.search(r"jaraco-functools\s+<span[^>]*>the likeness", text)
    assert "184,000,000 in 30 days" in text


@pytest.mark.parametrize("kind", ["file", "release", "project", "person"])
def test_reports_about_anything_have_a_page(whole_desk, kind):
    release = published()
    thing = {
        "file": release.files.get(),
        "release": release,
        "project": release.project,
        "person": release.published_by,
    }[kind]
    case = reported(thing, lines=[{"member": "demo/__init__.py", "line": 1, "excerpt": "evil()"}])
    text = whole_desk.get(case.get_absolute_url()).content.decode()
    assert "It steals passwords." in text
    assert "evil()" in text
    assert release.published_by.username in text
    assert ("demo-1.0-py3-none-any.whl" in text) == (kind != "person")


def test_the_history_of_the_uploader_is_told(desk):
    uploader, keeper = UserFactory(), actor(ModeratorFactory())
    decisions.approve(held("first", uploader=uploader), actor=keeper, reason="fine")
    decisions.reject(held("second", uploader=UserFactory()), actor=keeper, reason="no")
    stage = submit(UserFactory(), "third").stage
    reported(Project.objects.get(normalized_name="first"))
    text = desk.get(page_of(Project.objects.get(normalized_name="first"))).content.decode()
    assert "1 earlier upload, 1 project: first" in text
    assert "decided before: Approved 1" in text
    assert "nothing decided before" in desk.get(page_of(stage)).content.decode()


@pytest.mark.parametrize("key", ["0", "99999999", "9" * 30, "x", "1x", "%00", "٣"])
def test_there_is_no_page_for_what_is_no_case(desk, key):
    assert desk.get(f"/admin/moderation/case/{key}/change/").status_code in (302, 404)


# -- work on it ----------------------------------------------------------------------------------


def test_a_moderator_works_on_a_case_without_deciding_it(desk, moderator):
    stage, other = held(), ModeratorFactory()
    for verb, fields in (
        ("claim", {}),
        ("release", {}),
        ("note", {"text": "Smells of \0 fish."}),
        ("wait", {"text": "the scanner"}),
        ("ask", {"text": "What is it for?"}),
        ("hand-over", {"text": "Yours.", "to": other.username}),
        ("take-over", {}),
    ):
        answer = desk.post(working(stage, verb), fields)
        assert answer["Location"] == page_of(stage), verb
    case = case_of(stage)
    assert case.claimed_by == moderator
    kinds = list(case.notes.values_list("kind", flat=True))
    assert kinds == ["note", "event", "question", "event"]
    assert Note.objects.filter(text="Smells of  fish.").exists()
    page = desk.get(page_of(stage)).content.decode()
    assert "What is it for?" in page
    assert "Give it back" in page


@pytest.mark.parametrize(
    ("verb", "fields", "why"),
    [
        ("note", {"text": " "}, "Write the note first"),
        ("release", {}, "Nobody has claimed"),
        ("hand-over", {"text": "x", "to": "nobody"}, "Choose the moderator"),
    ],
)
def test_what_cannot_be_done_is_told(desk, verb, fields, why):
    stage = held()
    assert why in told(desk.post(working(stage, verb), fields, follow=True))[0]


def test_work_is_done_by_post_and_by_known_verbs_only(desk):
    stage = held()
    assert desk.get(working(stage, "claim"))["Location"] == page_of(stage)
    assert case_of(stage).claimed_by is None
    assert desk.post(working(stage, "explode")).status_code == 404


def test_a_case_that_another_has_claimed_can_be_taken_over_but_not_decided(desk, moderator):
    stage, other = held(), ModeratorFactory()
    cases.claim(case_of(stage), actor=actor(other))
    assert f"Take it over from {other.username}" in desk.get(page_of(stage)).content.decode()
    refused = desk.post(deciding(stage, "approve"), {"reason": "fine"})
    assert "works on the case" in told(refused)[0]
    desk.post(working(stage, "take-over"))
    desk.post(deciding(stage, "approve"), {"reason": "fine"})
    assert Decision.objects.get().moderator == moderator


# -- decide --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["approve", "reject"])
def test_a_case_is_decided_with_a_reason_and_the_next_one_follows(desk, moderator, kind):
    stage, following = held(), held("next")
    preview = desk.get(deciding(stage, kind)).content.decode()
    assert "demo-1.0-py3-none-any.whl" in preview
    assert stage.created_by.username in preview
    assert not Decision.objects.exists()
    response = desk.post(deciding(stage, kind), {"reason": " because \0"}, follow=True)
    assert response.redirect_chain == [(page_of(following), 302)]
    decision = Decision.objects.get()
    assert (decision.kind[:6], decision.reason) == (kind[:6], "because")
    assert decision.moderator == moderator
    assert File.objects.offered().exists() is (kind == "approve")
    done = {"approve": "approved and published", "reject": "rejected"}[kind]
    assert told(response) == [f"demo 1.0: {done}."]


def test_the_last_decision_leads_back_to_the_queue(desk):
    stage = held()
    answer = desk.post(deciding(stage, "approve"), {"reason": "because"})
    assert answer["Location"] == DESK


def test_a_ready_reason_will_do_and_words_of_ones_own_are_better(desk):
    reason = ReadyReason.objects.create(kind="rejected", text="It is no software.")
    stage, other = held("one"), held("other")
    assert b"It is no software." in desk.get(deciding(stage, "reject")).content
    desk.post(deciding(stage, "reject"), {"ready": reason.text, "reason": ""})
    desk.post(deciding(other, "reject"), {"ready": reason.text, "reason": "Nor this."})
    assert list(Decision.objects.order_by("pk").values_list("reason", flat=True)) == [
        "It is no software.",
        "Nor this.",
    ]


@pytest.mark.parametrize(("verb", "chosen"), [("approve", True), ("reject", False)])
def test_nothing_is_said_against_anybody_that_nobody_chose(desk, verb, chosen):
    """A reason is chosen beforehand only where nobody loses anything by it."""
    for kind, text in (("approved", "Welcome!"), ("rejected", "It is no software.")):
        ReadyReason.objects.create(kind=kind, text=text)
    page = desk.get(deciding(held(), verb)).content.decode()
    assert bool(re.search(r'name="ready"[^>]* checked', page)) == chosen
    many = bulk(desk, verb, [held("other")])
    assert bool(re.search(r'name="ready"[^>]* checked', many.content.decode())) == chosen


@pytest.mark.parametrize("reason", ["", "   ", "\0"])
def test_an_empty_reason_keeps_the_page_with_an_error(desk, reason):
    stage = held()
    response = desk.post(deciding(stage, "approve"), {"reason": reason})
    assert response.status_code == 200
    assert "Write the reason" in told(response)[0]
    assert not Decision.objects.exists()


@pytest.mark.parametrize("verb", ["publish", "APPROVE", "__init__", "dismiss"])
def test_only_what_fits_can_be_decided(desk, verb):
    stage = held()
    response = desk.post(deciding(stage, verb), {"reason": "because"})
    assert response.status_code == (200 if verb == "dismiss" else 404)
    assert bool(told(response)) == (verb == "dismiss")  # which there is, of what was reported
    assert desk.get(deciding(stage, "approve") + "?target=release-1").status_code == 404
    assert not Decision.objects.exists()


@pytest.mark.parametrize("verb", [decisions.approve, decisions.reject])
def test_the_page_of_a_decided_upload_tells_what_became_of_it(desk, verb):
    stage, other = held(), ModeratorFactory()
    verb(stage, actor=actor(other), reason="so I saw it")
    text = desk.get(page_of(stage)).content.decode()
    assert "so I saw it" in text
    assert other.username in text
    assert "/decide/" not in text
    assert "/undo/" in text


def test_a_second_moderator_reads_that_another_was_faster(desk):
    stage = held()
    decisions.approve(stage, actor=actor(ModeratorFactory()), reason="first")
    response = desk.post(deciding(stage, "reject"), {"reason": "second"}, follow=True)
    assert response.redirect_chain == [(page_of(stage), 302)]
    assert "decided already" in told(response)[0]
    assert b"first" in response.content
    assert Decision.objects.get().reason == "first"


def test_the_page_of_a_published_stage_that_nobody_decided_says_so(desk):
    stage = held()
    stages.approve(stage, actor=SYSTEM, reason="by a command")
    text = desk.get(page_of(stage)).content.decode()
    assert "does not wait any more" in text
    assert "/decide/" not in text


def test_a_decision_needs_the_csrf_token(moderator):
    from django.test import Client

    browser, stage = Client(enforce_csrf_checks=True), held()
    browser.force_login(moderator)
    for address in (deciding(stage, "approve"), working(stage, "claim")):
        assert browser.post(address, {"reason": "because"}).status_code == 403
    assert not Decision.objects.exists()


def test_quarantine_is_previewed_done_and_undone_on_the_desk(whole_desk):
    release = published()
    published("consumer", extra_metadata="Requires-Dist: Demo>=1")
    submit(release.published_by, "demo", "2.0")
    case = reported(release)
    preview = whole_desk.get(deciding(release, "quarantine")).content.decode()
    for fact in (
        "Nobody can see or install:",
        "demo-1.0-py3-none-any.whl",
        "can be installed as before:",
        "<li>2.0</li>",
        f"<li>{release.published_by.username}</li>",
        "These projects here require it:",
        "<li>consumer</li>",
        f"release-{release.pk}",
        f"project-{release.project.pk}",
    ):
        assert fact in preview, fact
    target = {"target": f"release-{release.pk}", "choosable": "yes"}
    whole_desk.post(deciding(release, "quarantine"), {**target, "reason": "malware"})
    release.refresh_from_db()
    assert release.quarantined
    case.refresh_from_db()
    assert case.is_live  # the box was not ticked
    undo = f"/admin/moderation/case/{case.pk}/decisions/{Decision.objects.get().pk}/undo/"
    assert b"Undo: clear the quarantine" in whole_desk.get(undo).content
    assert "Write the reason" in told(whole_desk.post(undo, {"reason": ""}))[0]
    assert whole_desk.post(undo, {"reason": "a mistake"})["Location"] == page_of(release)
    release.refresh_from_db()
    assert not release.quarantined
    assert b"Undone by" in whole_desk.get(page_of(release)).content


def test_every_action_has_a_preview(whole_desk):
    release = published()
    stage = held("waiting")
    reported(release)
    for verb in ("quarantine", "remove", "prohibit", "freeze", "dismiss"):
        page = whole_desk.get(deciding(release, verb))
        assert page.status_code == 200, verb
        assert page.context["consequences"], verb
    for verb in ("approve", "reject", "freeze", "prohibit"):
        assert whole_desk.get(deciding(stage, verb)).context["consequences"], verb
    whole_desk.post(deciding(release, "quarantine"), {"reason": "malware", "choosable": "yes"})
    assert whole_desk.get(deciding(release, "clear")).context["consequences"]


def test_the_page_tells_how_the_thing_stands_now(whole_desk):
    release = published()
    reported(release)
    assert b">Now<" not in whole_desk.get(page_of(release)).content
    whole_desk.post(deciding(release, "prohibit"), {"reason": "a squat", "choosable": "yes"})
    whole_desk.post(deciding(release, "quarantine"), {"reason": "malware", "choosable": "yes"})
    text = whole_desk.get(page_of(release)).content.decode()
    assert "demo 1.0 is in quarantine (malware)." in text
    assert "demo is a prohibited name." in text
    owner = release.project.roles.get().user
    whole_desk.post(deciding(release, "freeze"), {"reason": "malware", "choosable": "yes"})
    assert f"{owner} is frozen." in whole_desk.get(page_of(release)).content.decode()


def test_an_appeal_is_refused_by_name_and_by_another(whole_desk, client):
    release, another = published(), KeeperFactory()
    case = reported(release)
    whole_desk.post(deciding(release, "quarantine"), {"reason": "malware"})
    owner = actor(release.project.roles.get().user)
    appeals.file(Decision.objects.get(), actor=owner, text="It is nothing of the sort.")
    assert case.pk in [row.pk for row in whole_desk.get("/admin/?view=appealed").context["queue"]]
    assert b"another moderator answers" in whole_desk.get(page_of(release)).content
    client.force_login(another)
    page = client.get(page_of(release)).content
    assert b"Refuse the appeal" in page
    assert b"another moderator answers" not in page
    assert b"Refuse the appeal: demo 1.0" in client.get(deciding(release, "dismiss")).content


def test_what_was_decided_last_stands_first_among_the_decided(desk):
    first, second = held("one"), held("other")
    for stage in (second, first):
        decisions.reject(stage, actor=actor(ModeratorFactory()), reason="no")
    assert titles(desk.get("/admin/?view=decided")) == ["one 1.0", "other 1.0"]
    assert titles(desk.get("/admin/?view=decided&order=newest")) == ["other 1.0", "one 1.0"]


def test_the_desk_leads_to_whatever_else_a_moderator_does(whole_desk, client):
    page = whole_desk.get(DESK).content.decode().partition("Everything else")[0]
    for name in ("Check a name", "Prohibited names", "Figures"):
        (address,) = re.findall(rf'<a href="([^"]+)">{name}</a>', page)
        assert whole_desk.get(address).status_code == 200
    assert ">Policies</a>" not in page
    client.force_login(AdministratorFactory())
    assert ">Policies</a>" in client.get(DESK).content.decode().partition("Everything else")[0]


def test_a_moderator_sees_only_what_he_may_do(desk):
    release = published()
    case = reported(release)
    text = desk.get(page_of(release)).content.decode()
    assert "/decide/dismiss/" in text
    assert "/decide/quarantine/" not in text
    refused = desk.post(deciding(release, "quarantine"), {"reason": "malware"})
    assert "You may decide cases, but not this" in told(refused)[0]
    assert not Release.objects.get(pk=release.pk).quarantined
    assert case.decisions.count() == 0


def test_a_proposal_is_confirmed_by_another_on_the_desk(whole_desk, settings, client):
    settings.SECOND_MODERATOR = True
    release = published()
    case = reported(release)
    assert b"two moderators" in whole_desk.get(deciding(release, "remove")).content
    whole_desk.post(deciding(release, "remove"), {"reason": "malware"})
    assert File.objects.offered().exists()
    proposal = Decision.objects.get()
    base = f"/admin/moderation/case/{case.pk}/decisions/{proposal.pk}/"
    mine = whole_desk.get(page_of(release)).content.decode()
    assert f"{base}withdraw/" in mine
    assert f"{base}confirm/" not in mine
    assert "another moderator" in told(whole_desk.post(f"{base}confirm/"))[0]
    client.force_login(KeeperFactory())
    assert b"Confirm: remove" in client.get(f"{base}confirm/").content
    client.post(f"{base}confirm/")
    assert not File.objects.offered().exists()
    assert client.post(f"{base}explode/").status_code == 404


def test_the_key_that_undoes_is_that_of_the_newest_decision_that_can_be_undone(whole_desk):
    project = published().project
    case, keeper = reported(project), actor(whole_desk.user)
    for verb in ("prohibit", "freeze"):
        target = project if verb == "prohibit" else project.roles.get().user
        decisions.decide(case, verb, target, actor=keeper, reason="so", closes=False)
    first, second = Decision.objects.order_by("pk")
    assert keyed(whole_desk, project) == [second.pk]
    decisions.undo(second, actor=keeper, reason="no")
    assert keyed(whole_desk, project) == [first.pk]
    decisions.undo(first, actor=keeper, reason="no")
    assert keyed(whole_desk, project) == []


def keyed(client, thing) -> list[int]:
    """Which decisions the key undoes."""
    page = client.get(page_of(thing)).content.decode()
    return [int(pk) for pk in re.findall(r'/decisions/(\d+)/undo/" data-key="z"', page)]


def test_who_decides_by_a_screen_reader_hears_what_it_does(whole_desk):
    stage = held()
    pages = [whole_desk.get(deciding(stage, "approve")), bulk(whole_desk, "approve", [stage])]
    decision = decisions.approve(stage, actor=actor(whole_desk.user), reason="fine")
    base = f"/admin/moderation/case/{decision.case_id}/decisions/{decision.pk}/"
    pages.append(whole_desk.get(f"{base}undo/"))
    for page in (each.content.decode() for each in pages):
        (described,) = re.findall(r'<button[^>]* aria-describedby="(\w+)"[^>]* data-confirms', page)
        assert page.count(f'id="{described}"') == 1


# -- many at once --------------------------------------------------------------------------------


def bulk(client, verb, stages, **fields):
    chosen = {"case": [case_of(stage).pk for stage in stages]}
    return client.post(f"/admin/moderation/case/bulk/{verb}/", {**chosen, **fields}, follow=True)


@pytest.mark.parametrize(("verb", "published"), [("approve", 2), ("reject", 0)])
def test_several_are_decided_at_once_with_one_reason(desk, verb, published):
    stages = [held("one"), held("other")]
    asked = bulk(desk, verb, stages)
    assert b'<textarea id="reason"' in asked.content
    assert b"The people concerned will read it" in asked.content
    assert not Decision.objects.exists()
    done = bulk(desk, verb, stages, confirmed="yes", reason="looked at both")
    assert len(told(done)) == 2
    reasons = Decision.objects.values_list("reason", flat=True)
    assert list(reasons) == ["looked at both"] * 2
    assert File.objects.offered().count() == published


def test_one_that_cannot_be_approved_keeps_no_other_back(desk):
    good, bad = held("good"), held("bad")
    Project.objects.filter(pk=bad.project_id).update(status="archived")
    done = bulk(desk, "approve", [bad, good], confirmed="yes", reason="because")
    assert len(told(done)) == 2
    assert any("activate it first" in message for message in told(done))
    assert File.objects.offered().get().project == good.project


def test_what_is_no_upload_is_not_approved_with_others(desk):
    thing = published("public").project
    reported(thing)
    done = bulk(desk, "approve", [thing], confirmed="yes", reason="because")
    assert "is not about that" in told(done)[0]


def test_several_reports_are_closed_at_once_and_what_is_held_is_not(desk):
    things = [published("one").project, published("other").project]
    for thing in things:
        reported(thing, kind="spam", text="Buy my watches.")
    done = bulk(desk, "dismiss", [*things, held("waits")], confirmed="yes", reason="It is an ad.")
    assert [("closed without consequences" in each) for each in told(done)] == [True, True, False]
    assert "approve or reject it" in told(done)[2]
    assert Case.objects.live().get().title == "waits 1.0 (waits-1.0-py3-none-any.whl)"


def test_several_are_claimed_at_once(desk, moderator):
    stages = [held("one"), held("other")]
    assert len(told(bulk(desk, "claim", stages))) == 2
    assert Case.objects.filter(claimed_by=moderator).count() == 2


def test_several_need_a_reason_too(desk):
    asked = bulk(desk, "approve", [held()], confirmed="yes", reason=" ")
    assert b"Write the reason first" in asked.content
    assert not Decision.objects.exists()


def test_nothing_is_done_to_nothing(desk):
    assert "Select cases first" in told(bulk(desk, "approve", []))[0]
    assert desk.post("/admin/moderation/case/bulk/explode/").status_code == 404
    odd = {"case": ["x", "9" * 30, "٣"]}
    answer = desk.post("/admin/moderation/case/bulk/claim/", odd, follow=True)
    assert "Select cases first" in told(answer)[0]


def test_ready_reasons_are_kept_in_the_admin(client):
    client.force_login(AdministratorFactory())
    address = "/admin/moderation/readyreason/"
    assert client.get(address).status_code == 200
    client.post(f"{address}add/", {"kind": "approved", "text": "Lovely.", "position": "1"})
    assert ReadyReason.objects.filter(text="Lovely.").exists()


def test_a_held_look_alike_shows_its_target(desk):
    submit(UserFactory(trusted=True), "functools-jaraco")
    page = desk.get(Case.objects.get().get_absolute_url())
    assert b"target jaraco-functools, rule word order" in page.content


def test_an_administrator_may_do_all_of_it(client):
    client.force_login(AdministratorFactory())
    assert b"No case waits for a decision" in client.get("/admin/").content
    assert prohibit(client, "evil-corp").status_code == 302
    stage = held()
    client.post(deciding(stage, "approve"), {"reason": "fine"})
    assert Decision.objects.get().stage_id == stage.pk
    assert SYSTEM.user is None
