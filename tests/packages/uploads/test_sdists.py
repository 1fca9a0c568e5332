"""Source distributions: gzip, tar, layout, links (SDI)."""

import gzip
import io
import struct
import tarfile

import pytest

from packages.names import parse_filename
from packages.uploads.archives import pax
from packages.uploads.checks import Rules
from tests.factories import dists
from tests.packages.uploads.helpers import (
    SDIST,
    codes,
    look_at,
    look_at_sdist,
    metadata_bytes_of,
    metadata_of,
    warnings,
)

GOOD = dists.tar_bytes(dists.sdist_members())


def _gzip(data: bytes) -> bytes:
    """Without the time: bytes name their test, and all processes must give it one name."""
    return gzip.compress(data, mtime=0)


def _tar(*more, **knobs) -> bytes:
    return dists.tar_gz_bytes([*dists.sdist_members().items(), *more], **knobs)


def _member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, mode
    return info, b""


def _header(name: str, kind: bytes, data: bytes, size: int | None = None) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data) if size is None else size
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def _with_extension(kind: bytes, data: bytes, name: str = "demo-1.0/x", size: int = 0) -> bytes:
    """An sdist with an extended header before its last member."""
    file = _header(name, tarfile.REGTYPE, b"x" * size)
    return gzip.compress(GOOD.rstrip(b"\0").ljust(-(-len(GOOD.rstrip(b"\0")) // 512) * 512, b"\0")
                         + _header("ext", kind, data) + file + bytes(1024))  # fmt: skip


def _record(key: str, value: str) -> bytes:
    text = f" {key}={value}\n".encode()
    length = len(text) + len(str(len(text)))
    length = len(text) + len(str(length))
    return str(length).encode() + text


def test_an_sdist_passes_and_tells_what_it_is(tmp_path):
    found = look_at_sdist(tmp_path)
    assert found.findings == ()
    assert found.distribution == parse_filename(SDIST)
    assert metadata_of(found).name == "demo"
    assert metadata_bytes_of(found).startswith(b"Metadata-Version: 2.2\n")
    assert "demo-1.0/PKG-INFO" in {member.name for member in found.members}


@pytest.mark.parametrize(
    "tar_format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT]
)
def test_every_form_of_tar_passes(tmp_path, tar_format):
    long = "demo-1.0/" + "d" * 70 + "/" + "f" * 70
    extra = [_member("demo-1.0/sub", tarfile.DIRTYPE), (long, b"text")]
    found = look_at(tmp_path, SDIST, _tar(*extra, tar_format=tar_format))
    assert found.findings == ()
    assert long in {member.name for member in found.members}


def test_a_global_header_as_git_archive_writes_it_passes(tmp_path):
    with_comment = _header("g", tarfile.XGLTYPE, _record("comment", "0" * 40)) + GOOD
    assert look_at(tmp_path, SDIST, gzip.compress(with_comment)).findings == ()


def test_old_sdists_without_pyproject_pass_with_a_remark(tmp_path):
    found = look_at_sdist(tmp_path, metadata_version="1.0", replace={"*/pyproject.toml": None})
    assert not found.refused
    assert warnings(found) == {"missing-pyproject"}


def test_the_old_spelling_of_a_filename_is_only_remarked_on(tmp_path):
    found = look_at_sdist(
        tmp_path, name="Foo.Bar", filename="Foo.Bar-1.0.tar.gz", top="Foo.Bar-1.0"
    )
    assert not found.refused
    assert warnings(found) == {"non-normalized-filename"}


def test_another_top_folder_is_only_remarked_on(tmp_path):
    found = look_at_sdist(tmp_path, top="demo-v1.0")
    assert not found.refused
    assert warnings(found) == {"unexpected-top-folder"}


@pytest.mark.parametrize("filename", ["evil-1.0.tar.gz", "demo-1.0-1.tar.gz"])
def test_another_name_in_pkg_info_is_refused(tmp_path, filename):
    found = look_at_sdist(tmp_path, filename=filename)
    assert codes(found) == {"filename-name-mismatch"}


def test_another_version_in_pkg_info_is_refused(tmp_path):
    assert codes(look_at_sdist(tmp_path, filename="demo-2.0.tar.gz")) == {
        "filename-version-mismatch"
    }


def test_an_sdist_without_pkg_info_is_refused(tmp_path):
    assert codes(look_at_sdist(tmp_path, replace={"*/PKG-INFO": None})) == {"missing-pkg-info"}


def test_a_link_in_the_place_of_pkg_info_is_refused(tmp_path):
    members = dists.sdist_members()
    text = members.pop("demo-1.0/PKG-INFO")
    link = _member("demo-1.0/PKG-INFO", tarfile.SYMTYPE, "other")
    data = dists.tar_gz_bytes([*members.items(), ("demo-1.0/other", text), link])
    assert codes(look_at(tmp_path, SDIST, data)) == {"missing-pkg-info"}


def test_two_top_folders_are_refused(tmp_path):
    assert codes(look_at(tmp_path, SDIST, _tar(("evil/x", b"")))) == {"several-top-folders"}


def test_files_without_a_top_folder_are_refused(tmp_path):
    data = dists.tar_gz_bytes({"PKG-INFO": b"", "setup.py": b""})
    assert "several-top-folders" in codes(look_at(tmp_path, SDIST, data))


def test_an_empty_archive_is_refused(tmp_path):
    found = codes(look_at(tmp_path, SDIST, dists.tar_gz_bytes({})))
    assert found == {"several-top-folders", "missing-pkg-info"}


def test_a_dot_before_the_paths_is_refused(tmp_path):
    members = {f"./{name}": data for name, data in dists.sdist_members().items()}
    found = codes(look_at(tmp_path, SDIST, dists.tar_gz_bytes(members)))
    assert "member-path-not-normal" in found


def test_two_files_of_one_name_are_refused(tmp_path):
    data = _tar(("demo-1.0/PKG-INFO", dists.core_metadata("evil")))
    assert "duplicate-member" in codes(look_at(tmp_path, SDIST, data))


def test_names_that_differ_in_case_only_are_remarked_on(tmp_path):
    found = look_at(tmp_path, SDIST, _tar(("demo-1.0/a", b""), ("demo-1.0/A", b"")))
    assert not found.refused
    assert warnings(found) == {"colliding-members"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("/etc/passwd", "path-traversal"),
        ("demo-1.0/../../x", "path-traversal"),
        ("demo-1.0/a\\b", "path-traversal"),
        ("demo-1.0/a\x07", "control-character-in-member-name"),
        ("demo-1.0/" + "x" * 4096, "member-path-too-long"),
        ("demo-1.0/caf\udce9", "non-utf8-member-name"),
        ("demo-1.0/PKG-INFO/x", "file-used-as-folder"),
    ],
)
def test_a_dangerous_member_name_is_refused(tmp_path, name, code):
    data = _tar((name, b""), tar_format=tarfile.GNU_FORMAT)
    assert code in codes(look_at(tmp_path, SDIST, data))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (tarfile.CHRTYPE, "special-file"),
        (tarfile.BLKTYPE, "special-file"),
        (tarfile.FIFOTYPE, "special-file"),
        (tarfile.GNUTYPE_SPARSE, "unsupported-tar-member"),
        (b"M", "unsupported-tar-member"),
    ],
)
def test_a_member_that_is_no_plain_file_is_refused(tmp_path, kind, code):
    assert code in codes(look_at(tmp_path, SDIST, _tar(_member("demo-1.0/x", kind))))


def test_a_setuid_file_is_refused(tmp_path):
    data = _tar(_member("demo-1.0/x", mode=0o4755))
    assert codes(look_at(tmp_path, SDIST, data)) == {"setuid-file"}


def test_a_setgid_folder_is_only_remarked_on(tmp_path):
    found = look_at(tmp_path, SDIST, _tar(_member("demo-1.0/x", tarfile.DIRTYPE, mode=0o2755)))
    assert not found.refused
    assert warnings(found) == {"setgid-folder"}


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (tarfile.SYMTYPE, "PKG-INFO"),
        (tarfile.SYMTYPE, "./sub/../PKG-INFO"),
        (tarfile.LNKTYPE, "demo-1.0/PKG-INFO"),
    ],
)
def test_a_link_within_the_sdist_passes(tmp_path, kind, target):
    data = _tar(_member("demo-1.0/link", kind, target))
    assert look_at(tmp_path, SDIST, data).findings == ()


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "../x"),
        (tarfile.SYMTYPE, "../../../etc/passwd"),
        (tarfile.SYMTYPE, ".."),
        (tarfile.SYMTYPE, "a\\b"),
        (tarfile.SYMTYPE, "x/../" * 900 + "PKG-INFO"),
        (tarfile.SYMTYPE, ""),
        (tarfile.LNKTYPE, "/etc/passwd"),
        (tarfile.LNKTYPE, "./demo-1.0/PKG-INFO"),
        (tarfile.LNKTYPE, "demo-1.0/not-there"),
    ],
)
def test_a_link_to_elsewhere_is_refused(tmp_path, kind, target):
    data = _tar(_member("demo-1.0/link", kind, target))
    assert codes(look_at(tmp_path, SDIST, data)) == {"unsafe-link"}


def test_links_that_lead_out_together_are_refused(tmp_path):
    deep = _member("demo-1.0/deep", tarfile.SYMTYPE, "a/b/c")
    climb = _member("demo-1.0/x/climb", tarfile.SYMTYPE, "../deep/../../..")
    data = _tar(_member("demo-1.0/a/b/c", tarfile.DIRTYPE), deep, climb)
    assert "unsafe-link" in codes(look_at(tmp_path, SDIST, data))


def test_a_file_behind_a_link_is_refused(tmp_path):
    data = _tar(_member("demo-1.0/link", tarfile.SYMTYPE, "sub"), ("demo-1.0/link/x", b""))
    assert "file-used-as-folder" in codes(look_at(tmp_path, SDIST, data))


def test_a_folder_with_the_name_of_a_file_is_refused(tmp_path):
    data = _tar(_member("demo-1.0/PKG-INFO", tarfile.DIRTYPE))
    assert codes(look_at(tmp_path, SDIST, data)) == {"file-used-as-folder"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not-a-gzip"),
        (GOOD, "not-a-gzip"),
        (b"\x1f\x8b" + b"nonsense" * 10, "corrupt-gzip"),
        (_gzip(GOOD)[:-4], "truncated-gzip"),
        (_gzip(GOOD)[:60], "truncated-gzip"),
        (_gzip(GOOD)[:-8] + b"badcheck", "corrupt-gzip"),
        (_gzip(GOOD) + b"garbage", "gzip-trailing-data"),
        (_gzip(GOOD) + _gzip(b""), "gzip-several-members"),
        (_gzip(GOOD) + b"\0" * 200_000, "gzip-trailing-data"),
        (_gzip(GOOD[:600]), "truncated-tar"),
        (_gzip(GOOD[:300]), "truncated-tar"),
        (_gzip(GOOD[:530]), "truncated-tar"),
        (_gzip(b"nonsense" * 200), "corrupt-tar"),
        (_gzip(GOOD + b"hidden" * 100), "tar-trailing-data"),
        (dists.zip_bytes(dists.sdist_members()), "not-a-gzip"),
    ],
)
def test_a_broken_archive_is_refused(tmp_path, data, code):
    assert code in codes(look_at(tmp_path, SDIST, data))


def test_a_last_member_without_padding_is_truncated(tmp_path):
    data = _header("demo-1.0/x", tarfile.REGTYPE, b"text")[:-10]
    assert "truncated-tar" in codes(look_at(tmp_path, SDIST, gzip.compress(data)))


def test_a_bomb_is_measured_while_it_unpacks(tmp_path):
    data = _tar(("demo-1.0/zeros", b"\0" * 100_000_000))
    assert "compression-bomb" in codes(look_at(tmp_path, SDIST, data))


def test_zeros_behind_the_archive_count_as_well(tmp_path):
    data = gzip.compress(GOOD + b"\0" * 100_000_000)
    assert "compression-bomb" in codes(look_at(tmp_path, SDIST, data))


def test_too_many_members_are_refused(tmp_path):
    data = _tar(*((f"demo-1.0/{number}", b"") for number in range(20)))
    for rules in (Rules(members=20), Rules(record_size=100)):
        assert "too-many-members" in codes(look_at(tmp_path, SDIST, data, rules))


def test_too_many_extended_headers_are_refused(tmp_path):
    data = gzip.compress(_header("x", tarfile.XHDTYPE, b"") * 20 + GOOD)
    assert "too-many-members" in codes(look_at(tmp_path, SDIST, data, Rules(members=6)))


def test_huge_metadata_is_refused(tmp_path):
    found = look_at_sdist(tmp_path, description="lorem ipsum " * 1_000_000)
    assert "metadata-too-large" in codes(found)


def test_a_pax_path_names_the_member(tmp_path):
    data = _with_extension(tarfile.XHDTYPE, _record("path", "demo-1.0/other"))
    found = look_at(tmp_path, SDIST, data)
    assert found.findings == ()
    assert "demo-1.0/other" in {member.name for member in found.members}


def test_a_dangerous_pax_path_is_refused(tmp_path):
    data = _with_extension(tarfile.XHDTYPE, _record("path", "../evil"))
    assert "path-traversal" in codes(look_at(tmp_path, SDIST, data))


@pytest.mark.parametrize("size", ["7", "-1", "9" * 30, "banana"])
def test_a_pax_size_that_contradicts_the_header_is_refused(tmp_path, size):
    data = _with_extension(tarfile.XHDTYPE, _record("size", size), size=5)
    assert "tar-header-mismatch" in codes(look_at(tmp_path, SDIST, data))


def test_a_pax_size_that_repeats_the_header_passes(tmp_path):
    data = _with_extension(tarfile.XHDTYPE, _record("size", "5"), size=5)
    assert look_at(tmp_path, SDIST, data).findings == ()


def test_two_pax_paths_for_one_member_are_refused(tmp_path):
    twice = _record("path", "demo-1.0/a") + _record("path", "demo-1.0/b")
    data = _with_extension(tarfile.XHDTYPE, twice)
    assert "tar-header-mismatch" in codes(look_at(tmp_path, SDIST, data))


@pytest.mark.parametrize(
    "data",
    [
        b"banana",
        b"5 x\n",
        b"99 path=x\n",
        b"0 path=x\n",
        b"10 pathXx\n\n",
        _record("path", "a\0b"),
        _record("GNU.sparse.major", "1"),
    ],
)
def test_a_broken_or_sparse_pax_header_is_refused(tmp_path, data):
    found = look_at(tmp_path, SDIST, _with_extension(tarfile.XHDTYPE, data))
    assert "broken-pax-header" in codes(found)


def test_a_global_header_that_renames_everything_is_refused(tmp_path):
    data = _with_extension(tarfile.XGLTYPE, _record("path", "demo-1.0/a"))
    assert "broken-pax-header" in codes(look_at(tmp_path, SDIST, data))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_huge_extended_header_is_refused(tmp_path, kind):
    data = _with_extension(kind, b"x" * (pax.MAX_SIZE + 1))
    assert "extended-header-too-large" in codes(look_at(tmp_path, SDIST, data))


def test_an_extended_header_without_its_data_is_truncated(tmp_path):
    data = gzip.compress(_header("x", tarfile.XHDTYPE, b"", size=1000))
    assert "truncated-tar" in codes(look_at(tmp_path, SDIST, data))


def test_an_extended_header_without_its_member_is_truncated(tmp_path):
    data = gzip.compress(_header("x", tarfile.XHDTYPE, _record("path", "demo-1.0/x")))
    assert "truncated-tar" in codes(look_at(tmp_path, SDIST, data))


def test_a_negative_size_is_refused(tmp_path):
    info = tarfile.TarInfo("demo-1.0/x")
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 11 + b"\xf0"
    block[148:156] = b" " * 8
    struct.pack_into("8s", block, 148, f"{sum(block):06o}\0 ".encode())
    assert "tar-header-mismatch" in codes(look_at(tmp_path, SDIST, gzip.compress(bytes(block))))


def test_a_licence_file_that_is_there_passes(tmp_path):
    found = look_at_sdist(tmp_path, metadata_version="2.4", license_files={"doc/LICENSE": "MIT"})
    assert found.findings == ()


def test_a_licence_file_that_is_absent_is_refused(tmp_path):
    found = look_at_sdist(tmp_path, metadata_version="2.4", extra_metadata="License-File: LICENSE")
    assert codes(found) == {"license-file-missing"}


@pytest.mark.parametrize("text", [b"caf\xe9", b"\xe9" * 500_000])
def test_a_licence_file_that_is_not_utf8_is_only_remarked_on(tmp_path, text):
    found = look_at_sdist(tmp_path, metadata_version="2.4", license_files={"LICENSE": text})
    assert not found.refused
    assert warnings(found) == {"license-file-not-utf8"}


def test_reading_agrees_with_tarfile(tmp_path):
    data = _tar(("demo-1.0/" + "é" * 60 + "/x", b"text"), tar_format=tarfile.PAX_FORMAT)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        expected = {(m.name, m.size) for m in archive if m.isfile()}
    found = look_at(tmp_path, SDIST, data)
    assert {(m.name, m.size) for m in found.members} == expected
