"""ZIP framing: an archive that two readers could read differently is refused."""

import io
import stat
import struct
import zipfile
import zlib

import pytest

from packages.uploads.checks import Rules
from tests.factories import dists
from tests.packages.uploads.helpers import WHEEL, codes, look_at, warnings

END = 22


def _members(**more: bytes):
    return {**dists.wheel_members(), **more}


def _pairs(*more):
    return [*dists.wheel_members().items(), *more]


def _streamed(members) -> bytes:
    """As a writer to a pipe makes it: with data descriptors."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.data += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(dists.zip_info(name), data)
    return bytes(pipe.data)


def _zip64(members) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            with archive.open(dists.zip_info(name), "w", force_zip64=True) as member:
                member.write(data)
    return buffer.getvalue()


def _with_zip64_end(data: bytes, **changed: int) -> bytes:
    """The archive with a ZIP64 end record, as writers of huge archives add it."""
    total, size, offset = struct.unpack("<H2L", data[-12:-2])
    at = len(data) - END
    values = {"total": total, "size": size, "offset": offset, "at": at, "length": 44, "disks": 1}
    values |= changed
    end64 = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", values["length"], 45, 45, 0, 0,
        values["total"], values["total"], values["size"], values["offset"],
    )  # fmt: skip
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, values["at"], values["disks"])
    return data[:-END] + end64 + locator + data[-END:]


def _patched(data: bytes, signature: bytes, offset: int, value: bytes, nth: int = 0) -> bytes:
    """The archive with bytes exchanged in the n-th record with that signature."""
    at = -1
    for _ in range(nth + 1):
        at = data.index(signature, at + 1)
    return data[: at + offset] + value + data[at + offset + len(value) :]


GOOD = dists.zip_bytes(_members())


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        dists.zip_bytes(_members(), compression=zipfile.ZIP_STORED),
        _streamed(_members()),
        _zip64(_members()),
        _with_zip64_end(GOOD),
        dists.zip_bytes(_pairs(("demo/", b""), ("demo-1.0.dist-info/", b""))),
        _patched(_with_zip64_end(GOOD), b"PK\x05\x06", 16, b"\xff" * 4),
    ],
    ids=["deflated", "stored", "streamed", "zip64", "zip64-end", "folders", "zip64-sentinel"],
)
def test_archives_of_many_tools_pass(tmp_path, data):
    assert look_at(tmp_path, WHEEL, data).findings == ()


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip" * 100, b"\x1f\x8b" + b"x" * 50])
def test_what_is_no_zip_is_refused(tmp_path, data):
    assert codes(look_at(tmp_path, WHEEL, data)) == {"not-a-zip"}


def test_data_before_the_first_member_is_refused(tmp_path):
    assert "zip-hidden-data" in codes(look_at(tmp_path, WHEEL, b"#!/bin/sh\n" + GOOD))


def test_data_before_the_first_member_is_refused_when_the_offsets_allow_for_it(tmp_path):
    buffer = io.BytesIO(b"#!/bin/sh\n")
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name, data in _members().items():
            archive.writestr(name, data)
    assert codes(look_at(tmp_path, WHEEL, buffer.getvalue())) == {"zip-leading-data"}


def test_data_after_the_end_is_refused(tmp_path):
    assert codes(look_at(tmp_path, WHEEL, GOOD + b"more")) == {"zip-trailing-data"}


def test_a_second_archive_behind_the_first_is_refused(tmp_path):
    assert codes(look_at(tmp_path, WHEEL, GOOD + GOOD)) == {"zip-hidden-data"}


def test_a_truncated_archive_is_refused(tmp_path):
    assert look_at(tmp_path, WHEEL, GOOD[:-10]).refused
    assert codes(look_at(tmp_path, WHEEL, GOOD[:-1])) == {"zip-trailing-data"}


def test_an_archive_comment_is_refused(tmp_path):
    data = GOOD[:-2] + b"\x02\x00hi"
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-comment"}


def test_a_member_comment_is_refused(tmp_path):
    info = dists.zip_info("demo/x.py")
    info.comment = b"hello"
    assert "member-comment" in codes(look_at(tmp_path, WHEEL, dists.zip_bytes(_pairs((info, b"")))))


def test_a_volume_of_several_is_refused(tmp_path):
    data = _patched(GOOD, b"PK\x05\x06", 4, b"\x01\x00")
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-several-disks"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"total": 3}, "zip64-mismatch"),
        ({"size": 3}, "zip-hidden-data"),
        ({"offset": 3}, "zip-hidden-data"),
        ({"at": 3}, "zip64-mismatch"),
        ({"length": 3}, "zip64-mismatch"),
        ({"disks": 3}, "zip-several-disks"),
    ],
)
def test_zip64_records_that_contradict_the_others_are_refused(tmp_path, changed, code):
    assert codes(look_at(tmp_path, WHEEL, _with_zip64_end(GOOD, **changed))) == {code}


def test_a_zip64_volume_of_several_is_refused(tmp_path):
    data = _patched(_with_zip64_end(GOOD), b"PK\x06\x06", 16, b"\x01\x00\x00\x00")
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-several-disks"}


def test_a_gap_between_directory_and_end_is_refused(tmp_path):
    data = GOOD[:-END] + b"hidden" + GOOD[-END:]
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-hidden-data"}


def test_a_directory_that_lists_fewer_entries_than_it_holds_is_refused(tmp_path):
    data = _patched(GOOD, b"PK\x05\x06", 8, b"\x03\x00\x03\x00")
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-broken-directory"}


def test_a_directory_that_lists_more_entries_than_it_holds_is_refused(tmp_path):
    data = _patched(GOOD, b"PK\x05\x06", 8, b"\x05\x00\x05\x00")
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-broken-directory"}


def test_an_entry_that_is_longer_than_the_directory_is_refused(tmp_path):
    data = _patched(GOOD, b"PK\x01\x02", 32, b"\xff\xff")
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-broken-directory"}


def test_an_entry_on_another_disk_is_refused(tmp_path):
    data = _patched(GOOD, b"PK\x01\x02", 34, b"\x07\x00")
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-broken-directory"}


def test_data_between_members_is_refused(tmp_path):
    first = GOOD.index(b"PK\x03\x04", 4)
    directory = GOOD.index(b"PK\x01\x02")
    hidden = b"hidden"
    data = bytearray(GOOD[:first] + hidden + GOOD[first:])
    at = directory + len(hidden)
    for number in range(4):
        if number:
            offset = struct.unpack_from("<L", data, at + 42)[0]
            struct.pack_into("<L", data, at + 42, offset + len(hidden))
        at += 46 + struct.unpack_from("<H", data, at + 28)[0]
    struct.pack_into("<L", data, len(data) - 6, directory + len(hidden))
    assert codes(look_at(tmp_path, WHEEL, bytes(data))) == {"zip-hidden-data"}


def test_members_that_share_their_data_are_refused(tmp_path):
    data = _patched(GOOD, b"PK\x01\x02", 42, b"\x00" * 4, nth=1)
    assert look_at(tmp_path, WHEEL, data).refused


def test_a_member_whose_data_reaches_into_the_next_is_refused(tmp_path):
    data = dists.zip_bytes([("a", b"0123456789"), ("b", b"")], compression=zipfile.ZIP_STORED)
    for signature, at in ((b"PK\x03\x04", 18), (b"PK\x01\x02", 20)):
        data = _patched(data, signature, at, struct.pack("<LL", 50, 50))
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-overlap"}


@pytest.mark.parametrize(
    ("offset", "value"),
    [(8, b"\x00\x00"), (6, b"\x00\x08"), (14, b"AAAA"), (18, b"AAAA"), (22, b"AAAA"), (30, b"X")],
    ids=["method", "flags", "crc", "packed-size", "size", "name"],
)
def test_a_local_header_that_contradicts_the_directory_is_refused(tmp_path, offset, value):
    data = _patched(GOOD, b"PK\x03\x04", offset, value)
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-header-mismatch"}


def test_an_offset_that_leads_to_no_header_is_refused(tmp_path):
    data = _patched(GOOD, b"PK\x03\x04", 0, b"PKXX")
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-header-mismatch"}


def test_a_data_descriptor_that_lies_is_refused(tmp_path):
    data = _patched(_streamed(_members()), b"PK\x07\x08", 4, b"AAAA")
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-hidden-data"}


def test_an_encrypted_member_is_refused(tmp_path):
    data = _patched(GOOD, b"PK\x01\x02", 8, b"\x01\x00")
    data = _patched(data, b"PK\x03\x04", 6, b"\x01\x00")
    assert "encrypted-member" in codes(look_at(tmp_path, WHEEL, data))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_installers_do_not_know_is_refused(tmp_path, method):
    data = dists.zip_bytes(_members(), compression=method)
    assert "unsupported-compression" in codes(look_at(tmp_path, WHEEL, data))


def test_a_broken_extra_field_is_refused(tmp_path):
    info = dists.zip_info("demo/x.py")
    info.extra = struct.pack("<HH", 0xCAFE, 40) + b"short"
    data = dists.zip_bytes(_pairs((info, b"")))
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip-broken-extra-field"}


def test_padding_behind_the_extra_fields_passes(tmp_path):
    members = _members()
    path, content = "demo/__init__.py", members.pop("demo/__init__.py")
    info = dists.zip_info(path)
    info.extra = struct.pack("<HH", 0xCAFE, 2) + b"ab\0\0\0"
    data = dists.zip_bytes([(info, content), *members.items()])
    assert look_at(tmp_path, WHEEL, data).findings == ()


def test_a_missing_zip64_size_is_refused(tmp_path):
    data = _patched(GOOD, b"PK\x01\x02", 24, b"\xff" * 4)
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip64-mismatch"}


def test_zip64_sizes_that_nothing_asks_for_must_not_differ(tmp_path):
    info = dists.zip_info("demo/x.py")
    info.extra = struct.pack("<HHQQ", 1, 16, 7, 7)
    data = dists.zip_bytes(_pairs((info, b"")))
    assert codes(look_at(tmp_path, WHEEL, data)) == {"zip64-mismatch"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../x", "path-traversal"),
        ("demo/../../x", "path-traversal"),
        ("/abs", "path-traversal"),
        ("C:/x", "path-traversal"),
        ("a\\b", "path-traversal"),
        ("demo//x", "member-path-not-normal"),
        ("./demo/x", "member-path-not-normal"),
        ("demo/\x01", "control-character-in-member-name"),
        ("demo/\u202exyp.exe", "control-character-in-member-name"),
        ("demo/" + "x" * 300, "member-path-too-long"),
        ("x/" * 400 + "x", "member-path-too-long"),
        ("x/" * 700 + "x", "member-path-too-long"),
        ("DEMO/__init__.py", "colliding-members"),
        ("demo/__init__.py/x", "file-used-as-folder"),
        ("demo/__init__.py/", "file-used-as-folder"),
    ],
)
def test_a_dangerous_member_name_is_refused(tmp_path, name, code):
    data = dists.zip_bytes(_pairs((name, b"")))
    assert code in codes(look_at(tmp_path, WHEEL, data))


def test_a_nul_in_a_member_name_is_refused(tmp_path):
    data = dists.zip_bytes(_pairs(("demo/xQy", b""))).replace(b"demo/xQy", b"demo/x\0y")
    assert "control-character-in-member-name" in codes(look_at(tmp_path, WHEEL, data))


def test_a_name_that_is_not_utf8_is_refused(tmp_path):
    data = dists.zip_bytes(_pairs(("demo/xQy", b""))).replace(b"demo/xQy", b"demo/x\xffy")
    found = codes(look_at(tmp_path, WHEEL, data))
    assert {"non-utf8-member-name", "ambiguous-member-name"} <= found


def test_a_non_ascii_name_without_the_utf8_flag_is_refused(tmp_path):
    data = dists.zip_bytes(_pairs(("demo/xQQy", b""))).replace(b"demo/xQQy", "demo/xéy".encode())
    assert "ambiguous-member-name" in codes(look_at(tmp_path, WHEEL, data))


def test_names_that_differ_only_in_unicode_form_are_refused(tmp_path):
    data = dists.zip_bytes(_pairs(("demo/\u00e9", b""), ("demo/e\u0301", b"")))
    assert "colliding-members" in codes(look_at(tmp_path, WHEEL, data))


@pytest.mark.parametrize(("second", "refused"), [(b"demo/x.py", False), (b"demo/y.py", True)])
def test_a_second_name_in_an_extra_field_must_be_the_first(tmp_path, second, refused):
    info = dists.zip_info("demo/x.py")
    field = struct.pack("<BL", 1, zlib.crc32(b"demo/x.py")) + second
    info.extra = struct.pack("<HH", 0x7075, len(field)) + field
    data = dists.zip_bytes(_pairs((info, b"")))
    assert ("ambiguous-member-name" in codes(look_at(tmp_path, WHEEL, data))) == refused


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        (stat.S_IFLNK | 0o777, "symbolic-link"),
        (stat.S_IFCHR | 0o666, "special-file"),
        (stat.S_IFIFO | 0o666, "special-file"),
        (stat.S_IFDIR | 0o755, "special-file"),
        (stat.S_IFREG | 0o4755, "setuid-file"),
        (stat.S_IFREG | 0o2755, "setuid-file"),
    ],
)
def test_a_member_that_is_no_plain_file_is_refused(tmp_path, mode, code):
    info = dists.zip_info("demo/x")
    info.external_attr = mode << 16
    assert code in codes(look_at(tmp_path, WHEEL, dists.zip_bytes(_pairs((info, b"/etc/passwd")))))


def test_a_dos_device_is_refused(tmp_path):
    info = dists.zip_info("demo/x")
    info.external_attr, info.create_system = 0x40, 0
    assert "special-file" in codes(look_at(tmp_path, WHEEL, dists.zip_bytes(_pairs((info, b"")))))


def test_a_setgid_folder_is_only_remarked_on(tmp_path):
    info = dists.zip_info("demo/")
    info.external_attr = (stat.S_IFDIR | 0o2755) << 16
    found = look_at(tmp_path, WHEEL, dists.zip_bytes(_pairs((info, b""))))
    assert not found.refused
    assert warnings(found) == {"setgid-folder"}


def test_a_folder_with_data_is_refused(tmp_path):
    data = dists.zip_bytes(_pairs(("demo/xQ", b"data"))).replace(b"demo/xQ", b"demo/x/")
    assert "folder-with-data" in codes(look_at(tmp_path, WHEEL, data))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(tmp_path):
    data = dists.zip_bytes(_pairs(("demo/__init__.py", b"import evil")))
    assert "duplicate-member" in codes(look_at(tmp_path, WHEEL, data))


def test_an_empty_archive_has_no_dist_info(tmp_path):
    assert codes(look_at(tmp_path, WHEEL, dists.zip_bytes({}))) == {"missing-dist-info"}


def test_a_member_beyond_four_gigabytes_has_a_wide_data_descriptor(tmp_path):
    huge, crc = 5 << 30, zlib.crc32(b"x")
    extra = struct.pack("<HHQ", 1, 8, huge)
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 45, 8, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    data = local + b"x" + struct.pack("<4sLQQ", b"PK\x07\x08", crc, 1, huge)
    central = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 45, 45, 8, 0, 0, 0, crc, 1, 0xFFFFFFFF, 1, 12, 0, 0, 0, 0, 0
    )  # fmt: skip
    central += b"a" + extra
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(data), 0)
    assert codes(look_at(tmp_path, WHEEL, data + central + end)) == {"missing-dist-info"}


@pytest.mark.parametrize("size", [262_144, 262_165, 524_288, 600_000])
def test_data_of_any_size_unpacks_to_its_end(tmp_path, size):
    data = dists.zip_bytes(dists.wheel_members(files={"demo/zeros": b"\0" * size}))
    assert look_at(tmp_path, WHEEL, data).findings == ()


def test_data_behind_the_compressed_data_of_a_member_or_too_little_of_it_is_refused(tmp_path):
    packed = zlib.compress(b"", wbits=-15)
    info = dists.zip_info("demo/x", zipfile.ZIP_STORED)
    for content in (packed + b"junk", packed + b"junk" * 100_000, packed[:-1]):
        data = dists.zip_bytes(_pairs((info, content)))
        for signature, method, crc in ((b"PK\x03\x04", 8, 14), (b"PK\x01\x02", 10, 16)):
            data = _patched(data, signature, method, b"\x08\x00", nth=4)
            data = _patched(data, signature, crc, b"\0" * 4, nth=4)
            data = _patched(data, signature, crc + 8, b"\0" * 4, nth=4)
        assert "corrupt-member" in codes(look_at(tmp_path, WHEEL, data))


def test_damaged_data_is_refused(tmp_path):
    at = GOOD.index(b"demo/__init__.py") + len(b"demo/__init__.py")
    for damage in (b"\xff\xff\xff\xff", b"\x03\x00"):
        data = GOOD[:at] + damage + GOOD[at + len(damage) :]
        assert "corrupt-member" in codes(look_at(tmp_path, WHEEL, data))


@pytest.mark.parametrize("claimed", [1, 50])
def test_a_member_of_another_size_than_announced_is_refused(tmp_path, claimed):
    data = GOOD
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        data = _patched(data, signature, at, struct.pack("<L", claimed))
    assert "corrupt-member" in codes(look_at(tmp_path, WHEEL, data))


def test_a_bomb_is_measured_while_it_unpacks(tmp_path):
    zeros = {"demo/zeros": b"\0" * 50_000_000}
    data = dists.zip_bytes(dists.wheel_members(files=zeros))
    assert codes(look_at(tmp_path, WHEEL, data)) == {"compression-bomb"}


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path):
    rules = Rules(uncompressed_size=1000)
    data = dists.zip_bytes(dists.wheel_members(files={"demo/text": b"abcdefg" * 1000}))
    assert codes(look_at(tmp_path, WHEEL, data, rules)) == {"archive-too-large"}


def test_an_archive_with_too_many_members_is_refused(tmp_path):
    files = {f"demo/{number}": b"" for number in range(20)}
    data = dists.zip_bytes(dists.wheel_members(files=files))
    assert codes(look_at(tmp_path, WHEEL, data, Rules(members=20))) == {"too-many-members"}
    assert codes(look_at(tmp_path, WHEEL, data, Rules(record_size=100))) == {"too-many-members"}


def test_an_archive_within_the_archive_may_be_a_bomb(tmp_path):
    bomb = dists.zip_bytes({"zeros": b"\0" * 30_000_000})
    data = dists.zip_bytes(dists.wheel_members(files={"demo/bomb.zip": bomb}))
    assert codes(look_at(tmp_path, WHEEL, data)) == {"nested-bomb"}


def test_the_same_finding_is_not_repeated_without_end(tmp_path):
    found = look_at(tmp_path, WHEEL, dists.zip_bytes([(f"../{n}", b"") for n in range(500)]))
    assert len(found.findings) < 30
