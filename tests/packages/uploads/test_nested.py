"""Archives within archives are measured, however they are packed; broken ones are left alone."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages.uploads.archives import nested
from packages.uploads.checks import Rules
from packages.uploads.findings import Unreadable
from tests.factories import dists
from tests.packages.uploads.helpers import SDIST, WHEEL, codes, look_at

ZEROS = bytes(20_000_000)
RULES = Rules()


def tarred(*contents: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number, content in enumerate(contents):
            info = tarfile.TarInfo(f"member-{number}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def stored(*contents: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"member-{number}", content)
    return buffer.getvalue()


def zipped(*contents: bytes) -> bytes:
    return dists.zip_bytes([(f"member-{number}", item) for number, item in enumerate(contents)])


PACKERS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": zipped,
    "zip, stored": lambda data: stored(b"x" * 1000, gzip.compress(data)),
    "tar.gz": lambda data: gzip.compress(tarred(b"first", data)),
    "tar of gzip": lambda data: tarred(b"first", gzip.compress(data), b"last"),
    "zip of zip": lambda data: zipped(b"first", zipped(data), b"last"),
}


def feed(data: bytes, rules: Rules = RULES, piece: int = 65536, compressed: int = 0) -> None:
    sniffer = nested.Watch(compressed or len(data), rules).member()
    for start in range(0, len(data), piece):
        sniffer.feed(data[start : start + piece])
    sniffer.close()


def found(data: bytes, piece: int) -> str:
    try:
        feed(data, piece=piece)
    except Unreadable as refusal:
        return refusal.finding.code
    return ""


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_bomb_inside_a_wheel_is_refused(tmp_path, pack):
    data = dists.zip_bytes(dists.wheel_members(files={"demo/inside": pack(ZEROS)}))
    assert codes(look_at(tmp_path, WHEEL, data)) == {"nested-bomb"}


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_bomb_inside_an_sdist_is_refused(tmp_path, pack):
    data = dists.tar_gz_bytes(dists.sdist_members(files={"tests/inside": pack(ZEROS)}))
    assert "nested-bomb" in codes(look_at(tmp_path, SDIST, data))


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("piece", [1, 100, 10_000])
def test_what_is_no_bomb_passes_in_pieces_of_any_size(pack, piece):
    feed(pack(b"modest" * 300), piece=piece)


@pytest.mark.parametrize("pack", [tarred, zipped, gzip.compress])
def test_archives_within_archives_without_end_are_refused(pack):
    data = b"x" * 1000
    for _ in range(10):
        data = pack(data)
    with pytest.raises(Unreadable) as refusal:
        feed(data)
    assert refusal.value.finding.code == "nested-too-deep"


def test_a_few_levels_are_usual():
    feed(zipped(gzip.compress(tarred(zipped(b"a jar in a zip in a tarball")))))


@pytest.mark.parametrize("pack", [tarred, zipped, stored])
def test_the_members_inside_are_counted(pack):
    with pytest.raises(Unreadable) as refusal:
        feed(pack(*[b""] * 30), Rules(members=20))
    assert refusal.value.finding.code == "too-many-nested-members"


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_broken_archive_inside_is_left_alone(pack):
    data = pack(bytes(range(256)) * 50)
    feed(data[: len(data) // 2])
    feed(data[:40] + b"\xff" * 400 + data[40:])


def test_after_enough_work_nothing_more_is_unpacked():
    rules = Rules(nested_work=1_000_000, ratio=10_000)
    watch = nested.Watch(10_000_000, rules)
    sniffer = watch.member()
    sniffer.feed(bz2.compress(ZEROS))
    sniffer.close()
    assert watch.tired
    later = watch.member()
    later.feed(gzip.compress(ZEROS))  # would be more than the rules allow in all
    later.close()


@given(st.binary(max_size=600), st.sampled_from(list(PACKERS)), st.data())
def test_whatever_lies_inside_the_answer_is_a_finding_or_none(data, packer, choice):
    packed = bytearray(PACKERS[packer](data))
    for _ in range(choice.draw(st.integers(0, 3))):
        packed[choice.draw(st.integers(0, len(packed) - 1))] = choice.draw(st.integers(0, 255))
    assert found(bytes(packed), choice.draw(st.integers(1, 700))) in ("", "nested-bomb")
