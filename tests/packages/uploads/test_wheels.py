"""Wheels: `.dist-info`, RECORD, WHEEL, entry points and tags (WHL, TAG)."""

import hashlib

import pytest

from packages.names import parse_filename
from packages.uploads.checks import Member, Rules
from tests.factories import dists
from tests.packages.uploads.helpers import (
    WHEEL,
    codes,
    look_at,
    look_at_wheel,
    metadata_bytes_of,
    metadata_of,
    warnings,
)

RECORD = "demo-1.0.dist-info/RECORD"


def _record_with(change):
    """A wheel whose RECORD went through `change`."""
    members = dists.wheel_members()
    members[RECORD] = change(members[RECORD].decode()).encode()
    return dists.zip_bytes(members)


def test_a_wheel_passes_and_tells_what_it_is(tmp_path):
    found = look_at_wheel(tmp_path, requires=["six>=1"])
    assert found.findings == ()
    assert not found.refused
    assert found.distribution == parse_filename(WHEEL)
    assert metadata_of(found).requires_dist == ("six>=1",)
    assert metadata_bytes_of(found).startswith(b"Metadata-Version: 2.1\nName: demo\n")
    assert found.members[0] == Member("demo/__init__.py", 20)


@pytest.mark.parametrize("name", ["METADATA", "WHEEL", "RECORD"])
def test_a_wheel_without_a_file_that_it_must_have_is_refused(tmp_path, name):
    found = look_at_wheel(tmp_path, replace={f"*/{name}": None})
    assert f"missing-{name.lower()}" in codes(found)


def test_a_folder_in_the_place_of_metadata_is_no_metadata(tmp_path):
    members = dists.wheel_members()
    del members["demo-1.0.dist-info/METADATA"]
    data = dists.zip_bytes([*members.items(), ("demo-1.0.dist-info/METADATA/", b"")])
    assert "missing-metadata" in codes(look_at(tmp_path, WHEEL, data))


def test_huge_metadata_is_refused_before_it_is_read(tmp_path):
    found = look_at_wheel(tmp_path, description="lorem ipsum " * 1_000_000)
    assert codes(found) == {"metadata-too-large"}


def test_a_huge_record_is_refused(tmp_path):
    data = _record_with(lambda text: text + "x,,\n" * 100)
    found = look_at(tmp_path, WHEEL, data, Rules(record_size=400))
    assert "metadata-too-large" in codes(found)


def test_a_description_of_three_megabytes_passes(tmp_path):
    assert look_at_wheel(tmp_path, description="lorem ipsum\n" * 250_000).findings == ()


def test_a_wheel_without_dist_info_is_refused(tmp_path):
    data = dists.zip_bytes({"demo/__init__.py": b""})
    assert codes(look_at(tmp_path, WHEEL, data)) == {"missing-dist-info"}


def test_two_dist_info_folders_are_refused(tmp_path):
    found = look_at_wheel(tmp_path, unlisted={"evil-1.0.dist-info/METADATA": ""})
    assert codes(found) == {"several-dist-info"}


def test_a_dist_info_folder_within_a_package_is_its_own_business(tmp_path):
    files = {"demo/_vendor/other-1.0.dist-info/METADATA": "Name: other\n"}
    assert look_at_wheel(tmp_path, files=files).findings == ()


@pytest.mark.parametrize("filename", ["evil-1.0-py3-none-any.whl", "demo-2.0-py3-none-any.whl"])
def test_a_renamed_wheel_is_refused(tmp_path, filename):
    found = look_at(tmp_path, filename, dists.zip_bytes(dists.wheel_members()))
    assert "dist-info-mismatch" in codes(found)
    assert codes(found) & {"filename-name-mismatch", "filename-version-mismatch"}


def test_a_dist_info_folder_without_a_version_is_refused(tmp_path):
    members = {
        name.replace("demo-1.0.dist", "demo.dist"): data
        for name, data in dists.wheel_members().items()
    }
    assert "dist-info-mismatch" in codes(look_at(tmp_path, WHEEL, dists.zip_bytes(members)))


@pytest.mark.parametrize(
    ("name", "version", "filename"),
    [
        ("Foo.Bar", "1.0", "Foo.Bar-1.0-py3-none-any.whl"),
        ("foo-bar", "1.0", "foo.bar-1.0-py3-none-any.whl"),
        ("demo", "1.0", "demo-01.0-py3-none-any.whl"),
        ("demo", "1.0", "demo-1.0.0-py3-none-any.whl"),
    ],
)
def test_an_old_spelling_of_the_filename_is_only_remarked_on(tmp_path, name, version, filename):
    found = look_at_wheel(tmp_path, name=name, version=version, filename=filename)
    assert not found.refused
    assert warnings(found) == {"non-normalized-filename"}


def test_a_file_that_record_does_not_list_is_refused(tmp_path):
    found = look_at_wheel(tmp_path, unlisted={"demo/extra.py": ""})
    assert codes(found) == {"file-not-in-record"}


def test_a_listed_file_that_is_absent_is_refused(tmp_path):
    found = look_at_wheel(tmp_path, replace={"demo/__init__.py": None})
    assert codes(found) == {"record-file-missing"}


def test_a_changed_file_is_refused(tmp_path):
    found = look_at_wheel(tmp_path, replace={"demo/__init__.py": "import evil"})
    assert codes(found) == {"record-hash-mismatch", "record-size-mismatch"}


def test_a_wrong_size_is_refused(tmp_path):
    data = _record_with(lambda text: text.replace(",20\n", ",21\n"))
    assert codes(look_at(tmp_path, WHEEL, data)) == {"record-size-mismatch"}


def test_a_missing_size_passes(tmp_path):
    data = _record_with(lambda text: text.replace(",20\n", ",\n"))
    assert look_at(tmp_path, WHEEL, data).findings == ()


@pytest.mark.parametrize("algorithm", ["md5", "sha1"])
def test_a_weak_hash_is_refused(tmp_path, algorithm):
    members = dists.wheel_members()
    content = members["demo/__init__.py"]
    row, weak = (dists.record_row("demo/__init__.py", content, a) for a in ("sha256", algorithm))
    data = _record_with(lambda text: text.replace(row, weak))
    assert codes(look_at(tmp_path, WHEEL, data)) == {"weak-record-hash"}


def test_a_file_without_a_hash_is_refused(tmp_path):
    data = _record_with(lambda text: "demo/__init__.py,,\n" + text.partition("\n")[2])
    assert codes(look_at(tmp_path, WHEEL, data)) == {"weak-record-hash"}


def test_a_stronger_hash_passes(tmp_path):
    content = dists.wheel_members()["demo/__init__.py"]
    row, strong = (dists.record_row("demo/__init__.py", content, a) for a in ("sha256", "sha512"))
    data = _record_with(lambda text: text.replace(row, strong))
    assert look_at(tmp_path, WHEEL, data).findings == ()


def test_a_hash_in_hexadecimal_is_only_remarked_on(tmp_path):
    content = dists.wheel_members()["demo/__init__.py"]
    row = dists.record_row("demo/__init__.py", content)
    in_hex = f"demo/__init__.py,sha256={hashlib.sha256(content).hexdigest()},20"
    found = look_at(tmp_path, WHEEL, _record_with(lambda text: text.replace(row, in_hex)))
    assert not found.refused
    assert warnings(found) == {"record-hash-in-hex"}


def test_a_file_listed_twice_is_refused(tmp_path):
    data = _record_with(lambda text: text.partition("\n")[0] + "\n\n" + text)
    assert codes(look_at(tmp_path, WHEEL, data)) == {"duplicate-record-line"}


@pytest.mark.parametrize("record", [b"\xff\xfe\n", b"x" * 200_000 + b",,\n"])
def test_a_record_that_is_no_csv_is_refused(tmp_path, record):
    found = look_at_wheel(tmp_path, replace={"*/RECORD": record})
    assert "invalid-record" in codes(found)


def test_a_record_with_more_lines_than_a_wheel_may_have_members_is_refused(tmp_path):
    data = _record_with(lambda text: text + "x,,\n" * 100)
    assert "invalid-record" in codes(look_at(tmp_path, WHEEL, data, Rules(members=50)))


def test_a_huge_wheel_file_is_refused(tmp_path):
    found = look_at_wheel(tmp_path, replace={"*/WHEEL": "Tag: py3-none-any\n" * 100_000})
    assert "metadata-too-large" in codes(found)


def test_damage_in_dist_info_does_not_hide_other_findings(tmp_path):
    for name in ("METADATA", "RECORD"):
        data = dists.zip_bytes(dists.wheel_members(extra_metadata="Requires-Dist: foo bar"))
        at = data.index(f"demo-1.0.dist-info/{name}".encode()) + len(f"demo-1.0.dist-info/{name}")
        broken = data[:at] + b"\xff\xff\xff" + data[at + 3 :]
        assert "corrupt-member" in codes(look_at(tmp_path, WHEEL, broken))


def test_a_withdrawn_signature_is_only_remarked_on(tmp_path):
    found = look_at_wheel(tmp_path, unlisted={"*/RECORD.jws": "{}", "*/RECORD.p7s": ""})
    assert not found.refused
    assert warnings(found) == {"deprecated-signature"}


def test_any_sbom_passes(tmp_path):
    files = {"demo.py": "", "demo-1.0.dist-info/sboms/foo.json": "{ not even JSON"}
    assert look_at_wheel(tmp_path, files=files).findings == ()


@pytest.mark.parametrize(
    ("wheel", "code"),
    [
        ("Wheel-Version: 2.0\nRoot-Is-Purelib: true\n", "unsupported-wheel-version"),
        ("Wheel-Version: banana\nRoot-Is-Purelib: true\n", "unsupported-wheel-version"),
        ("Root-Is-Purelib: true\n", "unsupported-wheel-version"),
        ("Wheel-Version: 1.0\n", "invalid-root-is-purelib"),
        ("Wheel-Version: 1.0\nRoot-Is-Purelib: perhaps\n", "invalid-root-is-purelib"),
        (b"Wheel-Version: \xff", "invalid-wheel-file"),
        ("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: nonsense\n", "wheel-tag-mismatch"),
        ("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: cp39-cp39-win32\n", "wheel-tag-mismatch"),
        (
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: "
            + ".".join(f"py{n}" for n in range(33))
            + "-none-any\n",
            "wheel-tag-mismatch",
        ),
    ],
)
def test_a_wrong_wheel_file_is_refused(tmp_path, wheel, code):
    assert code in codes(look_at_wheel(tmp_path, replace={"*/WHEEL": wheel}))


@pytest.mark.parametrize(
    ("wheel", "code"),
    [
        ("Tag: py3-none-linux_x86_64\n", "wheel-tags-differ"),
        ("Tag: py2-none-any\nTag: py3-none-any\n", "wheel-tags-differ"),
        ("Tag: py3-none-any\nBuild: 3\n", "wheel-build-differs"),
        ("\nTag: py3-none-any\n", "wheel-without-tags"),
    ],
)
def test_an_untidy_wheel_file_is_only_remarked_on(tmp_path, wheel, code):
    members = dists.wheel_members()
    path = "demo-1.0.dist-info/WHEEL"
    members[path] = f"Wheel-Version: 1.9\nRoot-Is-Purelib: TRUE\n{wheel}".encode()
    members[RECORD] = dists.record(members, RECORD)
    found = look_at(tmp_path, WHEEL, dists.zip_bytes(members))
    assert not found.refused
    assert warnings(found) == {code}


def test_a_build_tag_passes(tmp_path):
    assert look_at_wheel(tmp_path, build="2").findings == ()


@pytest.mark.parametrize(
    "text",
    [
        "[console_scripts]\nrun = demo:main\nrun-it.now = demo.cli : main [extra]\n",
        "[demo.plugins]\nx = demo:Plugin.make\n[empty]\n",
    ],
)
def test_ordinary_entry_points_pass(tmp_path, text):
    assert look_at_wheel(tmp_path, entry_points=text).findings == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("run = demo:main\n", "invalid-entry-points"),
        ("[console_scripts]\nrun: demo.main\n", "invalid-entry-points"),
        ("[console_scripts]\n../../bin/sh = demo:main\n", "invalid-script-name"),
        ("[gui_scripts]\n.. = demo:main\n", "invalid-script-name"),
        ("[console_scripts]\nrun = demo\n", "invalid-script"),
        ("[console_scripts]\nrun = __import__('os') : x\n", "invalid-script"),
    ],
)
def test_entry_points_that_installers_trip_over_are_refused(tmp_path, text, code):
    assert codes(look_at_wheel(tmp_path, entry_points=text)) == {code}


def test_entry_points_that_are_not_utf8_are_refused(tmp_path):
    members = dists.wheel_members(entry_points="[x]\n")
    members["demo-1.0.dist-info/entry_points.txt"] = b"[\xff]\n"
    found = look_at(tmp_path, WHEEL, dists.zip_bytes(members))
    assert "invalid-entry-points" in codes(found)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[my group]\nx = demo:y\n", "odd-entry-point-group"),
        ("[plugins]\nmy plugin = demo:y\n", "odd-entry-point-name"),
    ],
)
def test_odd_names_of_plugins_are_only_remarked_on(tmp_path, text, code):
    found = look_at_wheel(tmp_path, entry_points=text)
    assert not found.refused
    assert warnings(found) == {code}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("demo-1.0.data/nonsense/x", "unknown-data-scheme"),
        ("demo-1.0.data/x", "unknown-data-scheme"),
        ("demo-1.0.data/scripts/folder/x", "folder-in-scripts"),
    ],
)
def test_data_that_installers_cannot_place_is_refused(tmp_path, path, code):
    assert codes(look_at_wheel(tmp_path, files={path: ""})) == {code}


def test_data_in_its_place_passes(tmp_path):
    files = {"demo-1.0.data/scripts/run": "#!python\n", "demo-1.0.data/data/share/x/y": ""}
    assert look_at_wheel(tmp_path, files=files).findings == ()


@pytest.mark.parametrize(
    "platform",
    [
        "any",
        "win32",
        "win_amd64",
        "win_arm64",
        "linux_x86_64",
        "linux_armv6l",
        "manylinux1_i686",
        "manylinux2010_x86_64",
        "manylinux2014_aarch64",
        "manylinux_2_28_x86_64",
        "musllinux_1_2_x86_64",
        "macosx_10_9_universal2",
        "macosx_11_0_arm64",
        "macosx_26_0_arm64",
        "ios_13_0_arm64_iphoneos",
        "android_21_arm64_v8a",
        "pyemscripten_2025_0_wasm32",
    ],
)
def test_known_platforms_pass(tmp_path, platform):
    assert look_at_wheel(tmp_path, tag=f"cp311-cp311-{platform}").findings == ()


def test_the_stable_abi_without_the_lock_passes(tmp_path):
    assert look_at_wheel(tmp_path, tag="cp315-abi3.abi3t-win_amd64").findings == ()


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("cp311-cp311-macosx_16_0_arm64", "odd-macos-version"),
        ("cp311-cp311-macosx_11_3_arm64", "odd-macos-version"),
        ("cp311-cp311-freebsd_13_2_release_amd64", "rare-platform"),
        ("py3.py2-none-any", "unsorted-tags"),
    ],
)
def test_odd_platforms_are_only_remarked_on(tmp_path, tag, code):
    found = look_at_wheel(tmp_path, tag=tag)
    assert not found.refused
    assert warnings(found) == {code}


def test_a_platform_that_nobody_knows_is_refused_and_named(tmp_path):
    found = look_at_wheel(tmp_path, tag="cp311-cp311-banana_x86")
    assert codes(found) == {"unknown-platform"}
    assert "'banana_x86'" in found.findings[0].message


def test_a_licence_file_that_is_there_passes(tmp_path):
    found = look_at_wheel(tmp_path, metadata_version="2.4", license_files={"LICENSE": "MIT"})
    assert found.findings == ()
    assert metadata_of(found).license_files == ("LICENSE",)


def test_a_licence_file_that_is_absent_is_refused(tmp_path):
    found = look_at_wheel(tmp_path, metadata_version="2.4", extra_metadata="License-File: LICENSE")
    assert codes(found) == {"license-file-missing"}


@pytest.mark.parametrize("text", [b"caf\xe9", b"half a character \xc3"])
def test_a_licence_file_that_is_not_utf8_is_only_remarked_on(tmp_path, text):
    found = look_at_wheel(tmp_path, metadata_version="2.4", license_files={"LICENSE": text})
    assert not found.refused
    assert warnings(found) == {"license-file-not-utf8"}


def test_a_licence_file_before_its_time_is_ignored(tmp_path):
    found = look_at_wheel(tmp_path, extra_metadata="License-File: LICENSE")
    assert not found.refused
    assert warnings(found) == {"field-newer-than-version"}
    assert metadata_of(found).license_files == ()
