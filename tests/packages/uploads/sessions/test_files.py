"""File upload sessions: announced, received, checked, removed (U2-10 to U2-19, U2-39, U2-40)."""

from __future__ import annotations

import hashlib
import io

import pytest

from packages import storage
from packages.models import File, FileSession, FileStatus, Stage, StagedFile
from tests.factories.index import held, published
from tests.packages.uploads.sessions.client import (
    BYTES,
    MECHANISM,
    NOBODY_KNOWS,
    Api,
    Dist,
    maintainer,
    newcomer,
    offered,
    path_of,
    problem,
    sdist,
    uploader,
    wheel,
)

pytestmark = pytest.mark.django_db


def session(name: str = "demo", version: str = "1.0"):
    return uploader().open(name, version)


# -- E6 ----------------------------------------------------------------------------------------


def test_u2_10_an_announced_file_is_pending_and_says_where_its_bytes_go():
    ours = session()
    answer = ours.announce(wheel())
    body = answer.json()
    assert answer.status_code == 202
    assert int(answer["Retry-After"]) > 0
    assert answer["Location"] == body["links"]["file-upload-session"]
    assert set(body["links"]) == {"file-upload-session", "complete", "extend"}
    assert body["status"] == "pending"
    assert body["filename"] == wheel().filename
    assert body["expires-at"] == ours.born["expires-at"]
    mechanism = body["mechanism"]
    assert mechanism["identifier"] == MECHANISM
    assert path_of(mechanism["file_url"])
    assert mechanism[MECHANISM] == {"file_url": mechanism["file_url"]}
    shown = ours.body["files"]
    assert shown == {wheel().filename: {"status": "pending", "link": answer["Location"]}}
    assert path_of(shown[wheel().filename]["link"])


def test_u2_32_attestations_are_not_offered_yet():
    body = session().announce(wheel()).json()
    assert "attestations_url" not in str(body)


@pytest.mark.parametrize(
    "filename",
    [
        "",
        " ",
        5,
        "demo.txt",
        "demo-1.0.zip",
        "demo-1.0-py3-none-any.egg",
        "demo-1.0-py3-none.whl",
        "demo-1.0.tar.gz.metadata",
        "../demo-1.0.tar.gz",
        "/demo-1.0.tar.gz",
        "x/demo-1.0.tar.gz",
        "demo-1.0.tar.gz\0",
        "demo-1.0.tar.gz\n",
        "dеmo-1.0.tar.gz",  # noqa: RUF001 - a Cyrillic letter
        "\ud800-1.0.tar.gz",
        "demo-1.0" + "0" * 300 + ".tar.gz",
        "other-1.0.tar.gz",
        "demo-2.0.tar.gz",
        "demo-1.0.1-py3-none-any.whl",
        "demo_1-1.0-py3-none-any.whl",
    ],
)
def test_u2_11_only_files_of_this_very_release_are_announced(filename):
    ours = session()
    problem(ours.announce(sdist(), filename=filename), 400, "invalid-session-request")
    assert ours.files == {}


@pytest.mark.parametrize("filename", ["Demo-1.0.tar.gz", "demo-1.tar.gz", "demo-v1.0.0.tar.gz"])
def test_u2_11_other_spellings_of_name_and_version_are_understood(filename):
    assert session().announce(sdist(), filename=filename).status_code == 202


SHA = wheel().sha256


@pytest.mark.parametrize(
    "hashes",
    [
        {},
        [],
        "sha256",
        SHA,
        {"sha256": None},
        {"sha256": 5},
        {"sha256": ""},
        {"sha256": SHA[:-1]},
        {"sha256": SHA + "0"},
        {"sha256": SHA[:-1] + "g"},
        {"sha256": SHA[:-1] + "٠"},  # noqa: RUF001
        {"sha256": f" {SHA[2:]} "},
        {"sha256": f"0x{SHA[2:]}"},
        {"md5": "0" * 32},
        {"sha1": "0" * 40},
        {"md5": "0" * 32, "sha1": "0" * 40},
        {"sha256": SHA, "crc32": "0" * 8},
        {"sha256": SHA, "shake_256": "0" * 64},
        {"sha256": SHA, "blake2_256": "0" * 64},
        {"sha256": SHA, "\ud800": "0" * 64},
        {"sha256": SHA, "SHA256": "0" * 64},
        {f"algorithm{n}": SHA for n in range(500)},
    ],
    ids=lambda value: str(value)[:40].encode("ascii", "replace").decode(),
)
def test_u2_12_hashes_that_say_nothing_or_nonsense_are_refused(hashes):
    ours = session()
    problem(ours.announce(wheel(), hashes=hashes), 400, "invalid-session-request")
    assert ours.files == {}


def test_u2_12_hashes_are_demanded():
    problem(session().announce(wheel(), hashes=None), 400, "invalid-session-request")


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha3_256", "blake2b", "blake2s"])
def test_u2_12_every_hash_is_verified(algorithm):
    right = hashlib.new(algorithm, wheel().data).hexdigest()
    ours = session()
    wrong = ours.begin(wheel(), hashes={"sha256": SHA, algorithm: "0" * len(right)})
    assert wrong.send().status_code == 204
    assert algorithm in problem(wrong.complete(), 400, "upload-mismatch")["detail"]
    assert wrong.remove().status_code == 204
    good = ours.begin(wheel(), hashes={algorithm: right, "sha256": SHA})
    assert good.send().status_code == 204
    assert good.complete().status_code == 201


def test_u2_12_a_weak_hash_may_stand_beside_a_strong_one_and_is_verified():
    ours = session()
    wrong = ours.begin(wheel(), hashes={"sha256": SHA, "md5": "0" * 32})
    wrong.send()
    problem(wrong.complete(), 400, "upload-mismatch")
    wrong.remove()
    right = hashlib.md5(wheel().data, usedforsecurity=False).hexdigest()
    good = ours.begin(wheel(), hashes={"sha256": SHA, "md5": right})
    good.send()
    assert good.complete().status_code == 201


def test_u2_12_hexadecimal_digits_and_names_of_hashes_may_be_upper_case():
    ours = session()
    file = ours.begin(wheel(), hashes={"SHA256": SHA.upper()})
    file.send()
    assert file.complete().status_code == 201


@pytest.mark.parametrize(
    "size", [-1, 0, 1.5, 10.0, "10", True, False, None, [10], {}, 2**63, 2**64, 10**400]
)
def test_u2_13_a_size_is_a_number_of_bytes_above_zero(size):
    ours = session()
    problem(ours.announce(wheel(), size=size), 400, "invalid-session-request")
    if size is None:
        problem(
            ours.api.post(
                ours.links["upload"],
                {
                    "filename": wheel().filename,
                    "size": None,
                    "hashes": wheel().hashes,
                    "mechanism": MECHANISM,
                },
            ),
            400,
            "invalid-session-request",
        )
    assert ours.files == {}


def test_u2_13_a_file_above_the_limit_cannot_proceed(settings):
    settings.UPLOAD_MAX_FILE_SIZE = 10_000
    ours = session()
    body = problem(ours.announce(wheel(), size=10_001), 409)
    assert "10000" in body["detail"]
    assert ours.announce(wheel(), size=10_000).status_code == 202


def test_u2_36_staging_is_no_free_storage(settings):
    settings.UPLOAD_MAX_PROJECT_SIZE = 10_000
    api = uploader()
    one, two = api.open(version="1.0"), api.open(version="2.0")
    first = one.begin(wheel(), size=6_000)
    body = problem(two.announce(wheel(version="2.0"), size=6_000), 409)
    assert "10000" in body["detail"]
    assert first.remove().status_code == 204
    assert two.announce(wheel(version="2.0"), size=6_000).status_code == 202
    assert api.open("other").announce(wheel("other"), size=6_000).status_code == 202


def test_u2_36_the_stages_of_one_person_are_limited_in_all(settings):
    settings.UPLOAD_MAX_STAGED_SIZE = 10_000
    api, other = uploader(), uploader()
    first = api.open("one").begin(wheel("one"), size=6_000)
    second = api.open("two")
    body = problem(second.announce(wheel("two"), size=6_000), 409, "cannot-proceed")
    assert "10000" in body["detail"]
    assert other.open("three").announce(wheel("three"), size=6_000).status_code == 202
    assert first.remove().status_code == 204
    assert second.announce(wheel("two"), size=6_000).status_code == 202


@pytest.mark.parametrize("mechanism", ["tus", "http-put", "HTTP-POST-BYTES", "vnd-x-s3"])
def test_u2_14_an_unknown_mechanism_is_422_and_the_known_one_is_named(mechanism):
    body = problem(session().announce(wheel(), mechanism=mechanism), 422, "unknown-mechanism")
    assert MECHANISM in body["detail"]


@pytest.mark.parametrize("mechanism", [None, 5, "", ["http-post-bytes"]])
def test_u2_14_a_mechanism_is_demanded(mechanism):
    problem(session().announce(wheel(), mechanism=mechanism), 400, "invalid-session-request")


def test_u2_15_a_published_filename_is_409_and_its_bytes_stay():
    api = uploader()
    file = published(uploader=api.user).files.get()
    ours = api.open()
    other_bytes = wheel(description="other")
    body = problem(ours.announce(other_bytes), 409, "file-exists")
    assert body["detail"].startswith("File already exists")
    assert other_bytes.filename in body["detail"]
    problem(ours.announce(other_bytes, filename="Demo-1.0.0-py3-none-any.whl"), 409, "file-exists")
    with storage.open_blob(file.sha256) as blob:
        assert hashlib.sha256(blob.read()).hexdigest() == file.sha256
    assert ours.announce(sdist()).status_code == 202


def test_u2_24_a_filename_that_waits_for_a_moderator_is_409():
    stage = held()
    ours = Api(stage.created_by).open()
    problem(ours.announce(wheel(description="other")), 409, "file-exists")
    assert ours.announce(sdist()).status_code == 202


# -- E7 ----------------------------------------------------------------------------------------


def test_u2_16_bytes_then_completion_make_a_file_of_the_session():
    ours = session()
    file = ours.begin(wheel())
    answer = file.send()
    assert (answer.status_code, answer.content) == (204, b"")
    assert file.status == "pending"
    done = file.complete()
    assert done.status_code == 201
    assert done["Location"] == file.url
    assert done.json()["status"] == file.status == "completed"
    assert set(file.body["links"]) == {"file-upload-session"}
    assert ours.files == {wheel().filename: "completed"}
    assert not File.objects.exists()


def test_u2_40_what_the_checks_object_to_comes_with_completion_so_that_publishing_is_cheap():
    ours = session()
    broken = Dist("demo", "1.0", wheel().filename, wheel().data[:-30])
    file = ours.begin(broken)
    assert file.send().status_code == 204
    body = problem(file.complete(), 400, "invalid-distribution")
    assert body["errors"]
    assert file.status == "error"
    assert file.body["notices"] == [error["message"] for error in body["errors"]]
    assert ours.body["files"][wheel().filename]["notices"] == file.body["notices"]


def test_u2_40_a_file_of_another_release_is_found_out_by_its_metadata():
    ours = session()
    inside = wheel("other", "1.0").data
    file = ours.begin(Dist("demo", "1.0", wheel().filename, inside))
    file.send()
    problem(file.complete(), 400, "invalid-distribution")
    assert file.status == "error"


def test_u2_40_warnings_of_the_checks_are_notices_of_a_completed_file():
    odd = wheel(metadata_version="2.1", extra_metadata="Provides-Extra: Not_Normal_\n")
    ours = session()
    [file] = ours.add(odd)
    assert "Not_Normal_" in " ".join(file.body["notices"])


def test_u2_16_a_file_larger_than_announced_is_turned_away_before_it_is_read():
    file = session().begin(wheel())
    body = problem(file.send(wheel().data + b"more"), 400, "upload-mismatch")
    assert str(len(wheel().data)) in body["detail"]
    assert file.status == "pending"
    assert FileSession.objects.get().received == ""
    assert file.send().status_code == 204


def test_u2_16_bytes_without_a_length_are_411():
    file = session().begin(wheel())
    headers = {"Authorization": f"Bearer {file.api.token}"}
    answer = file.api.client.generic(
        "POST", file.bytes_url, b"", BYTES, headers=headers, CONTENT_LENGTH="", CONTENT_TYPE=BYTES
    )
    problem(answer, 411, "length-needed")


def test_u2_16_an_upload_that_breaks_off_keeps_nothing():
    file = session().begin(wheel())
    headers = {"Authorization": f"Bearer {file.api.token}"}
    answer = file.api.client.generic(
        "POST",
        file.bytes_url,
        b"",
        BYTES,
        headers=headers,
        CONTENT_LENGTH=str(len(wheel().data)),
        CONTENT_TYPE=BYTES,
        **{"wsgi.input": io.BytesIO(wheel().data[:100])},
    )
    problem(answer, 400)
    assert FileSession.objects.get().received == ""
    assert file.send().status_code == 204
    assert file.complete().status_code == 201


@pytest.mark.parametrize("first", [b"", wheel().data[:100]], ids=["nothing", "a part"])
def test_u2_39_what_came_short_may_be_sent_again_until_it_is_whole(first):
    file = session().begin(wheel())
    assert file.send(first).status_code == 204
    assert file.send().status_code == 204
    problem(file.send(), 409, "file-state")
    problem(file.send(b"x" * len(wheel().data)), 409, "file-state")
    assert file.complete().status_code == 201


# -- E9 ----------------------------------------------------------------------------------------

ERRONEOUS = {
    "no bytes": (None, {}),
    "fewer bytes": (wheel().data[:-1], {}),
    "an empty file": (b"", {}),
    "another hash": (wheel().data, {"hashes": {"sha256": NOBODY_KNOWS}}),
    "other bytes of the right size": (b"x" * len(wheel().data), {}),
    "size too small": (wheel().data[:50], {"size": 50}),
}


@pytest.mark.parametrize(("data", "changes"), ERRONEOUS.values(), ids=ERRONEOUS)
def test_u2_17_a_file_in_error_is_only_good_for_deleting(data, changes):
    ours = session()
    file = ours.begin(wheel(), **changes)
    if data is not None:
        assert file.send(data).status_code == 204
    body = problem(file.complete(), 400, "upload-mismatch")
    assert file.status == "error"
    assert file.body["notices"] == [body["detail"]]
    assert ours.files == {wheel().filename: "error"}
    problem(file.send(), 409, "file-state")
    problem(file.complete(), 409, "file-state")
    assert "delete" in problem(ours.announce(wheel()), 409, "file-state")["detail"]
    assert ours.status == "open"
    assert file.remove().status_code == 204
    [fresh] = ours.add(wheel())
    assert fresh.url != file.url
    assert fresh.bytes_url != file.bytes_url
    assert ours.files == {wheel().filename: "completed"}


def test_u2_17_more_bytes_than_announced_end_in_error():
    file = session().begin(wheel())
    problem(file.send(wheel().data + b"x"), 400)
    problem(file.complete(), 400, "upload-mismatch")
    assert file.status == "error"


def test_u2_17_what_is_complete_is_not_completed_again():
    [file] = session().add(wheel())
    problem(file.complete(), 409, "file-state")
    problem(file.send(), 409, "file-state")
    assert StagedFile.objects.count() == 1


# -- E10 and E11 -------------------------------------------------------------------------------


def test_u2_18_a_deleted_file_leaves_the_session_and_remembers_that_it_was_cancelled():
    ours = session()
    [done] = ours.add(wheel())
    pending = ours.begin(sdist())
    for file in (done, pending):
        answer = file.remove()
        assert (answer.status_code, answer.content) == (204, b"")
        assert file.status == "canceled"
        assert set(file.body["links"]) == {"file-upload-session"}
        problem(file.send(), 409, "file-state")
        problem(file.complete(), 409, "file-state")
    assert ours.files == {}
    assert not StagedFile.objects.exists()


def test_u2_18_a_file_that_is_being_checked_is_not_deleted():
    ours = session()
    file = ours.begin(wheel())
    FileSession.objects.update(status=FileStatus.PROCESSING)
    problem(file.remove(), 409, "file-state")
    assert ours.files == {wheel().filename: "processing"}


def test_u2_18_files_of_a_session_that_waits_or_is_public_stay():
    ours = newcomer().open()
    [file] = ours.add(wheel())
    assert ours.publish().status_code == 202
    for answer in (file.remove(), ours.announce(sdist()), file.send(), file.complete()):
        problem(answer, 409)
    assert ours.files == {wheel().filename: "completed"}


@pytest.mark.parametrize("state", ["pending", "completed"])
def test_u2_19_a_file_is_replaced_by_deleting_it_first(state):
    ours = session()
    [file] = ours.add(wheel()) if state == "completed" else [ours.begin(wheel())]
    body = problem(ours.announce(wheel(description="better")), 409, "file-state")
    assert state in body["detail"]
    assert "delete" in body["detail"]
    problem(ours.announce(wheel(), filename="Demo-1.0.0-py3-none-any.whl"), 409, "file-state")
    assert file.remove().status_code == 204
    ours.add(wheel(description="better"))
    assert ours.publish().status_code == 201
    assert File.objects.get().sha256 == wheel(description="better").sha256


def test_63_and_64_file_sessions_answer_only_under_their_own_session():
    api = uploader()
    mine, other = api.open("mine"), api.open("other")
    file = mine.begin(wheel("mine"))
    foreign = path_of(file.url).replace(path_of(mine.url), path_of(other.url))
    assert foreign != path_of(file.url)
    problem(api.get(foreign), 404)
    problem(api.post(f"{foreign}content/", file.dist.data, content_type=BYTES), 404)
    problem(api.post(f"{foreign}complete/"), 404)
    problem(api.delete(foreign), 404)
    assert file.status == "pending"


def test_u2_6_a_file_may_be_sent_by_one_and_completed_by_another():
    ours = session()
    file = ours.begin(wheel())
    other = maintainer("demo")
    assert file.send().status_code == 204
    assert file.by(other).complete().status_code == 201
    assert ours.publish().status_code == 201
    assert File.objects.get().uploaded_by == other.user
    assert offered("demo") == {wheel().filename}


def test_nothing_stays_in_the_folder_of_arriving_files(settings):
    ours = session()
    file = ours.begin(wheel())
    file.send(b"short")
    problem(file.send(wheel().data * 2), 400)
    file.send()
    file.complete()
    assert list(settings.INCOMING_DIR.iterdir()) == []
    assert Stage.objects.get().files.count() == 1
