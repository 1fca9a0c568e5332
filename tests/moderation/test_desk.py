"""The moderators' desk in the Django admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from accounts.actors import SYSTEM
from accounts.models import AuditEvent
from moderation import decisions
from moderation.models import Decision, HeldUpload, ProhibitedName, SimilarityException
from packages import storage
from packages.models import File, Project
from packages.uploads import stages
from packages.uploads.stages import RefusedByPolicy, Result
from tests.factories.index import held, published, submit
from tests.factories.people import AdministratorFactory, ModeratorFactory, UserFactory, actor

pytestmark = pytest.mark.django_db
LIST = "/admin/moderation/heldupload/"
NAMES = "/admin/moderation/prohibitedname/"


@pytest.fixture
def moderator():
    return ModeratorFactory()


@pytest.fixture
def desk(client, moderator):
    client.force_login(moderator)
    return client


def page_of(stage) -> str:
    return f"{LIST}{stage.pk}/change/"


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# -- the front page ------------------------------------------------------------------------------


def test_the_front_page_tells_how_many_wait(desk):
    held("one")
    held("other")
    page = desk.get("/admin/")
    assert page.status_code == 200
    assert b"2 held uploads waiting for a decision" in page.content


def test_the_front_page_tells_nothing_to_whoever_may_not_decide(client):
    client.force_login(UserFactory(is_staff=True))
    held()
    page = client.get("/admin/")
    assert page.status_code == 200
    assert b"wait" not in page.content


def test_the_desk_bears_the_name_of_the_site(desk, settings):
    settings.SITE_NAME = "Cheese Shop"
    assert b"Cheese Shop administration" in desk.get("/admin/").content


@pytest.mark.parametrize("address", [LIST, f"{LIST}1/change/", NAMES, "/admin/"])
def test_nobody_signed_in_is_sent_to_the_sign_in_page(client, address):
    response = client.get(address)
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/?next=")


@pytest.mark.parametrize("post", [False, True])
def test_staff_without_the_permission_see_nothing_and_do_nothing(client, post):
    stage = held()
    client.force_login(UserFactory(is_staff=True))
    for address in (LIST, page_of(stage)):
        decide = {"decision": "approve", "reason": "because"}
        response = client.post(address, decide) if post else client.get(address)
        assert response.status_code == 403
    assert not Decision.objects.exists()


# -- the list ------------------------------------------------------------------------------------


def test_the_list_shows_what_waits_oldest_first(desk):
    first, second = held("one"), held("other", "2.0", sdist=True)
    text = desk.get(LIST).content.decode()
    for stage in (first, second):
        file = stage.files.get()
        for fact in (
            str(stage),
            file.filename,
            stage.created_by.username,
            "bytes",
            "first-release-by",
        ):
            assert fact in text
    assert text.index("one 1.0") < text.index("other 2.0")


def test_the_list_costs_the_same_for_three_and_for_thirty(desk, django_assert_max_num_queries):
    uploader = UserFactory()
    for number in range(3):
        submit(uploader, f"p{number}")
    desk.get(LIST)
    with django_assert_max_num_queries(12) as few:
        assert b"3 held uploads" in desk.get(LIST).content
    for number in range(3, 30):
        submit(UserFactory(), f"p{number}")
    with django_assert_max_num_queries(len(few)):
        assert b"30 held uploads" in desk.get(LIST).content


@pytest.mark.parametrize("query", ["demo", "person", "py3-none", "%00", "'"])
def test_the_list_is_searched(desk, query):
    held("demo")
    assert desk.get(f"{LIST}?q={query}").status_code == 200


def test_the_list_shows_nothing_that_is_decided(desk, moderator):
    decisions.reject(held(), actor=actor(moderator), reason="no")
    assert b"0 held uploads" in desk.get(LIST).content


def test_an_upload_of_a_deleted_account_is_still_listed(desk):
    stage = held()
    stage.created_by.delete()
    assert b"(deleted account)" in desk.get(LIST).content
    assert b"(deleted account)" in desk.get(page_of(stage)).content


# -- the page of one -----------------------------------------------------------------------------


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
        "demo/deep/er.py",
        "demo-1.0.dist-info/RECORD",
        "first-release-by-new-uploader",
        "pytest",
    ]
    assert [fact for fact in facts if fact not in text] == []
    assert "<script>demo" not in text


def test_the_page_shows_what_is_inside_an_sdist(desk):
    stage = held("demo", sdist=True)
    text = desk.get(page_of(stage)).content.decode()
    assert "demo-1.0/PKG-INFO" in text
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


@pytest.mark.parametrize("key", ["0", "99999999", "9" * 30, "x", "1x", "%00", "٣"])
def test_there_is_no_page_for_what_was_never_held(desk, key):
    assert desk.get(f"{LIST}{key}/change/").status_code in (302, 404)


@pytest.mark.parametrize("kind", ["approve", "reject"])
def test_the_page_decides_with_a_reason(desk, moderator, kind):
    stage = held()
    response = desk.post(page_of(stage), {"decision": kind, "reason": " because \0"}, follow=True)
    assert response.redirect_chain == [(LIST, 302)]
    decision = Decision.objects.get()
    assert (decision.kind[:6], decision.reason) == (kind[:6], "because")
    assert decision.moderator == moderator
    assert File.objects.offered().exists() is (kind == "approve")
    done = {"approve": "approved and published", "reject": "rejected"}[kind]
    assert told(response) == [f"demo 1.0: {done}."]


@pytest.mark.parametrize("reason", ["", "   ", "\0"])
def test_an_empty_reason_keeps_the_page_with_an_error(desk, reason):
    stage = held()
    response = desk.post(page_of(stage), {"decision": "approve", "reason": reason})
    assert response.status_code == 200
    assert "Write the reason" in told(response)[0]
    assert b'value="approve"' in response.content
    assert not Decision.objects.exists()


@pytest.mark.parametrize("decision", ["", "publish", "APPROVE", "__init__"])
def test_the_page_knows_two_decisions_only(desk, decision):
    stage = held()
    response = desk.post(page_of(stage), {"decision": decision, "reason": "because"})
    assert response.status_code == 403
    assert not Decision.objects.exists()


@pytest.mark.parametrize("verb", [decisions.approve, decisions.reject])
def test_the_page_of_a_decided_upload_tells_what_became_of_it(desk, verb):
    stage, other = held(), ModeratorFactory()
    verb(stage, actor=actor(other), reason="so I saw it")
    text = desk.get(page_of(stage)).content.decode()
    assert "so I saw it" in text
    assert other.username in text
    assert 'name="decision"' not in text


def test_a_second_moderator_reads_that_another_was_faster(desk):
    stage = held()
    decisions.approve(stage, actor=actor(ModeratorFactory()), reason="first")
    response = desk.post(page_of(stage), {"decision": "reject", "reason": "second"})
    assert response.status_code == 200
    assert "does not wait for review any more" in told(response)[0]
    assert Decision.objects.get().reason == "first"


def test_the_page_of_a_published_stage_that_nobody_decided_says_so(desk):
    stage = held()
    stages.approve(stage, actor=SYSTEM, reason="by a command")
    text = desk.get(page_of(stage)).content.decode()
    assert "does not wait for review" in text
    assert 'name="decision"' not in text


def test_a_decision_needs_the_csrf_token(moderator):
    from django.test import Client

    browser, stage = Client(enforce_csrf_checks=True), held()
    browser.force_login(moderator)
    response = browser.post(page_of(stage), {"decision": "approve", "reason": "because"})
    assert response.status_code == 403
    assert not Decision.objects.exists()


# -- many at once --------------------------------------------------------------------------------


def bulk(client, action, stages, **fields):
    chosen = {"action": action, "_selected_action": [stage.pk for stage in stages]}
    return client.post(LIST, {**chosen, **fields}, follow=True)


@pytest.mark.parametrize(("action", "published"), [("approve", 2), ("reject", 0)])
def test_several_are_decided_at_once_with_one_reason(desk, action, published):
    stages = [held("one"), held("other")]
    asked = bulk(desk, action, stages)
    assert b'<textarea id="reason"' in asked.content
    assert b"The uploader reads the reason" in asked.content
    assert not Decision.objects.exists()
    done = bulk(desk, action, stages, confirmed="yes", reason="looked at both")
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


def test_several_need_a_reason_too(desk):
    asked = bulk(desk, "approve", [held()], confirmed="yes", reason=" ")
    assert b"Write the reason first" in asked.content
    assert not Decision.objects.exists()


# -- prohibited names ----------------------------------------------------------------------------


@pytest.fixture
def keeper(client):
    user = UserFactory(is_staff=True)
    wanted = Permission.objects.filter(content_type__model="prohibitedname")
    user.user_permissions.set(wanted)
    client.force_login(user)
    client.user = user
    return client


def prohibit(client, name, reason="a trade mark"):
    return client.post(f"{NAMES}add/", {"names": name, "reason": reason, "confirmed": "yes"})


def test_a_name_is_prohibited_in_its_normal_spelling_and_in_the_trail(keeper):
    assert prohibit(keeper, "Evil.Corp")["Location"] == NAMES
    row = ProhibitedName.objects.get()
    assert (str(row), row.created_by) == ("evil-corp", keeper.user)
    event = AuditEvent.objects.get(action="name.prohibit")
    assert (event.subject, event.reason, event.user) == ("evil-corp", "a trade mark", keeper.user)
    with pytest.raises(RefusedByPolicy):
        submit(UserFactory(trusted=True), "EVIL_corp")


@pytest.mark.parametrize("name", ["evil-corp", "Evil_Corp", "EVIL..CORP"])
def test_a_name_is_prohibited_once(keeper, name):
    prohibit(keeper, "evil-corp")
    again = prohibit(keeper, name)
    assert again.status_code == 200
    assert b"It is prohibited already" in again.content
    assert ProhibitedName.objects.count() == 1


@pytest.mark.parametrize("name", ["", "-x", "é", "x" * 129, "a\0b"])
def test_what_could_be_no_name_is_not_prohibited(keeper, name):
    assert prohibit(keeper, name).status_code == 200
    assert not ProhibitedName.objects.exists()


def test_a_prohibition_needs_a_reason(keeper):
    assert prohibit(keeper, "evil-corp", reason="").status_code == 200
    assert not ProhibitedName.objects.exists()


def test_the_reason_is_corrected_and_the_name_is_not(keeper):
    prohibit(keeper, "evil-corp")
    row = ProhibitedName.objects.get()
    address = f"{NAMES}{row.pk}/change/"
    assert keeper.get(address).status_code == 200
    keeper.post(address, {"name": "other", "reason": "better said"})
    row.refresh_from_db()
    assert (row.name, row.reason, row.created_by) == ("evil-corp", "better said", keeper.user)
    assert AuditEvent.objects.get(action="name.change_prohibition").reason == "better said"


def act_on(client, address, action, rows, **fields):
    chosen = {"action": action, "_selected_action": [row.pk for row in rows], **fields}
    return client.post(address, chosen, follow=True)


def test_a_name_that_is_allowed_again_is_free_and_the_reason_is_kept(keeper):
    prohibit(keeper, "evil-corp")
    row = ProhibitedName.objects.get()
    asked = act_on(keeper, NAMES, "allow", [row])
    assert b"Reason" in asked.content
    act_on(keeper, NAMES, "allow", [row], confirmed="yes", reason="They sold the mark.")
    event = AuditEvent.objects.get(action="name.allow")
    assert event.reason == "They sold the mark."
    assert event.before["name"] == "evil-corp"
    assert submit(UserFactory(trusted=True), "evil-corp").result is Result.PUBLISHED


def test_several_names_are_prohibited_after_a_look_at_what_they_hit(keeper):
    project = published("demo").project
    given = {"names": "Evil.Corp, demo\nworse", "reason": "trade marks"}
    look = keeper.post(f"{NAMES}add/", given)
    assert b"The project" in look.content
    assert project.get_absolute_url().encode() in look.content
    assert not ProhibitedName.objects.exists()
    keeper.post(f"{NAMES}add/", {**given, "confirmed": "yes"})
    names = ProhibitedName.objects.values_list("name", flat=True)
    assert sorted(names) == ["demo", "evil-corp", "worse"]
    assert AuditEvent.objects.filter(action="name.prohibit", reason="trade marks").count() == 3


def test_more_names_than_anybody_reads_are_refused(keeper):
    many = " ".join(f"name{number}" for number in range(1001))
    answer = keeper.post(f"{NAMES}add/", {"names": many, "reason": "all", "confirmed": "yes"})
    assert b"at most 1000 names" in answer.content
    assert not ProhibitedName.objects.exists()


def test_a_name_is_released_to_one_person(keeper):
    prohibit(keeper, "evil-corp")
    row, friend = ProhibitedName.objects.get(), UserFactory(trusted=True)
    address = f"{NAMES}{row.pk}/release/"
    assert keeper.get(address).status_code == 200
    unknown = keeper.post(address, {"username": "nobody", "reason": "theirs"})
    assert b"Nobody with an account" in unknown.content
    keeper.post(address, {"username": friend.username, "reason": "theirs"})
    row.refresh_from_db()
    assert row.released_to == friend
    assert AuditEvent.objects.get(action="name.release").reason == "theirs"
    assert submit(friend, "evil-corp").result is Result.PUBLISHED
    assert keeper.get(f"{NAMES}99999/release/").status_code == 404


def test_nobody_deletes_a_prohibition_without_a_reason(keeper):
    prohibit(keeper, "evil-corp")
    row = ProhibitedName.objects.get()
    assert keeper.post(f"{NAMES}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    act_on(keeper, NAMES, "delete_selected", [row], post="yes")
    assert ProhibitedName.objects.exists()


def test_the_names_are_listed_and_searched(keeper):
    prohibit(keeper, "evil-corp")
    assert b"evil-corp" in keeper.get(NAMES).content
    assert b"evil-corp" in keeper.get(f"{NAMES}?q=trade").content


def test_a_moderator_of_uploads_does_not_prohibit_names(desk):
    assert desk.get(NAMES).status_code == 403
    assert prohibit(desk, "evil-corp").status_code == 403


@pytest.mark.parametrize("path", ["1/release/", "add/"])
def test_whoever_may_not_prohibit_does_not_release_either(desk, path):
    ProhibitedName.objects.create(pk=1, name="evil-corp", reason="bad")
    assert desk.get(NAMES + path).status_code == 403


# -- look-alikes ---------------------------------------------------------------------------------

LIKENESSES = "/admin/moderation/similarityexception/"
CHECK = f"{LIKENESSES}check/"


@pytest.fixture
def judge(client):
    user = UserFactory(is_staff=True)
    wanted = Permission.objects.filter(content_type__model="similarityexception")
    user.user_permissions.set(wanted)
    client.force_login(user)
    return client


def test_a_moderator_checks_a_name_and_reads_why(desk):
    page = desk.get(CHECK, {"name": "Reqeusts"})
    assert b"swaps two letters of `requests`" in page.content
    assert b"block" in page.content
    assert b"Except this pair" not in page.content


def test_the_check_tells_every_objection(desk):
    ProhibitedName.objects.create(name="reqeusts", reason="bad")
    published("demo")
    assert b"prohibited here" in desk.get(CHECK, {"name": "reqeusts"}).content
    assert b"There is a project demo already" in desk.get(CHECK, {"name": "demo"}).content
    assert b"standard library" in desk.get(CHECK, {"name": "os"}).content


@pytest.mark.parametrize("name", ["-", "é", "a b", "x" * 129, "a\0b"])
def test_what_is_no_name_is_told_so(desk, name):
    page = desk.get(CHECK, {"name": name})
    assert page.status_code == 200
    assert b"errorlist" in page.content


def test_a_stranger_checks_nothing(client):
    client.force_login(UserFactory(is_staff=True))
    assert client.get(CHECK).status_code == 403


def except_pair(client, **fields):
    given = {"candidate": "Reqeusts", "target": "requests", "owner": "", "reason": "a pun"}
    return client.post(f"{LIKENESSES}add/", {**given, **fields})


def test_an_excepted_pair_is_free_until_the_exception_is_withdrawn(judge):
    assert except_pair(judge).status_code == 302
    assert AuditEvent.objects.get(action="similarity.except").reason == "a pun"
    row = SimilarityException.objects.get()
    assert (row.candidate, row.created_by) == ("reqeusts", AuditEvent.objects.first().user)
    assert submit(UserFactory(trusted=True), "reqeusts").result is Result.PUBLISHED
    act_on(judge, LIKENESSES, "withdraw", [row], confirmed="yes", reason="no pun")
    assert not SimilarityException.objects.exists()
    assert AuditEvent.objects.get(action="similarity.withdraw").before["target"] == "requests"


@pytest.mark.parametrize(
    "fields", [{"candidate": ""}, {"target": ""}, {"target": "é"}, {"reason": ""}, {"owner": "0"}]
)
def test_an_exception_that_says_too_little_is_not_made(judge, fields):
    assert except_pair(judge, **fields).status_code == 200
    assert not SimilarityException.objects.exists()


def test_an_exception_is_made_once(judge):
    except_pair(judge)
    assert except_pair(judge).status_code == 200
    assert SimilarityException.objects.count() == 1


def test_the_check_offers_the_exception_to_whoever_may_make_it(judge):
    page = judge.get(CHECK, {"name": "reqeusts"})
    assert b"candidate=reqeusts&amp;target=requests" in page.content


def test_a_held_look_alike_shows_its_target(desk):
    submit(UserFactory(trusted=True), "functools-jaraco")
    page = desk.get(page_of(HeldUpload.objects.get()))
    assert b"target jaraco-functools, rule word order" in page.content


def test_an_administrator_may_do_all_of_it(client):
    client.force_login(AdministratorFactory())
    assert b"No upload waits for a decision" in client.get("/admin/").content
    assert prohibit(client, "evil-corp").status_code == 302
    stage = held()
    client.post(page_of(stage), {"decision": "approve", "reason": "fine"})
    assert Decision.objects.get().stage_id == stage.pk
    assert SYSTEM.user is None
