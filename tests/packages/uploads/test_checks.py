"""Looking at a file as a whole, whatever bytes it has."""

import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packages.uploads.checks import Inspection, Rules, compare_form
from packages.uploads.findings import Finding, Level
from tests.factories import dists
from tests.packages.uploads.helpers import SDIST, WHEEL, codes, look_at, look_at_wheel

GOOD_WHEEL = dists.zip_bytes(
    dists.wheel_members(entry_points="[x]\ny = demo:z\n", requires=["a", "b; extra == 'c'"])
)
GOOD_TAR = dists.tar_bytes(dists.sdist_members(license_files={"LICENSE": "MIT"}))

quick = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def _check(found: Inspection) -> None:
    """What holds of every inspection."""
    assert isinstance(found, Inspection)
    for finding in found.findings:
        assert finding.message.endswith(".")
        assert "\n" not in finding.message
        assert finding.message.encode()
    if not found.refused:
        assert found.distribution
        assert found.metadata
        assert found.metadata_bytes


@quick
@given(st.binary(max_size=300), st.sampled_from([WHEEL, SDIST]))
def test_whatever_bytes_arrive_there_is_an_inspection(tmp_path_factory, data, filename):
    folder = tmp_path_factory.mktemp("bytes")
    found = look_at(folder, filename, data)
    _check(found)
    assert found.refused
    assert [path.name for path in folder.iterdir()] == ["upload"]


@quick
@given(st.lists(st.tuples(st.integers(0, len(GOOD_WHEEL) - 1), st.binary(max_size=4)), max_size=4))
def test_a_wheel_with_bytes_exchanged_is_inspected(tmp_path_factory, changes):
    data = bytearray(GOOD_WHEEL)
    for at, value in changes:
        data[at : at + len(value)] = value
    _check(look_at(tmp_path_factory.mktemp("wheel"), WHEEL, bytes(data)))


@quick
@given(st.lists(st.tuples(st.integers(0, len(GOOD_TAR) - 1), st.binary(max_size=4)), max_size=4))
def test_an_sdist_with_bytes_exchanged_is_inspected(tmp_path_factory, changes):
    data = bytearray(GOOD_TAR)
    for at, value in changes:
        data[at : at + len(value)] = value
    found = look_at(tmp_path_factory.mktemp("sdist"), SDIST, gzip.compress(bytes(data)))
    _check(found)


@quick
@given(st.text(max_size=300), st.sampled_from(["METADATA", "WHEEL", "RECORD", "entry_points.txt"]))
def test_a_wheel_with_any_text_in_dist_info_is_inspected(tmp_path_factory, text, name):
    content = text.encode("utf-8", "surrogatepass")
    folder = tmp_path_factory.mktemp("text")
    _check(look_at_wheel(folder, replace={f"*/{name}": content}))


_FIELDS = st.sampled_from(
    [
        "Summary",
        "Requires-Dist",
        "Requires-Python",
        "License-Expression",
        "License-File",
        "Project-URL",
        "Classifier",
        "Description-Content-Type",
        "Provides-Extra",
        "Dynamic",
        "Import-Name",
        "Keywords",
        "Author-email",
        "Home-page",
        "Name",
        "Version",
        "X-Other",
    ]
)
_LINES = st.builds(lambda name, value: f"{name}: {value}", _FIELDS, st.text(max_size=40))


@quick
@given(st.lists(_LINES, max_size=4), st.sampled_from(["1.0", "2.0", "2.1", "2.3", "2.5"]))
def test_a_wheel_with_any_fields_is_inspected(tmp_path_factory, lines, version):
    metadata = dists.core_metadata(metadata_version=version) + "\n".join(lines).encode(
        "utf-8", "surrogatepass"
    )
    folder = tmp_path_factory.mktemp("fields")
    _check(look_at_wheel(folder, replace={"*/METADATA": metadata}))


def test_a_filename_that_says_nothing_is_refused_without_a_look_inside(tmp_path):
    found = look_at(tmp_path, "demo-1.0.zip", GOOD_WHEEL)
    assert codes(found) == {"invalid-filename"}
    assert found.distribution is None


def test_a_file_beyond_the_limit_is_refused_without_a_look_inside(tmp_path):
    found = look_at(tmp_path, WHEEL, GOOD_WHEEL, Rules(file_size=100))
    assert codes(found) == {"file-too-large"}
    assert found.members == ()


def test_a_wheel_named_as_an_sdist_and_the_other_way_round_is_refused(tmp_path):
    assert "not-a-gzip" in codes(look_at(tmp_path, SDIST, GOOD_WHEEL))
    assert codes(look_at(tmp_path, WHEEL, gzip.compress(GOOD_TAR))) == {"not-a-zip"}


@pytest.mark.parametrize(
    ("name", "version"), [("demo", "1.0"), ("Demo", "1.0.0"), ("DEMO", "v1"), (" demo ", "1.0\n")]
)
def test_a_form_may_spell_name_and_version_otherwise(tmp_path, name, version):
    assert compare_form(name, version, look_at_wheel(tmp_path)) == []


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("django", "1.0", {"form-name-mismatch"}),
        ("demo", "2.0", {"form-version-mismatch"}),
        ("demo", "banana", {"form-version-mismatch"}),
        ("evil", "2.0", {"form-name-mismatch", "form-version-mismatch"}),
        ("", "", {"form-name-mismatch", "form-version-mismatch"}),
    ],
)
def test_a_form_that_contradicts_the_file_is_refused(tmp_path, name, version, expected):
    """TOB-PYPI26-10."""
    found = compare_form(name, version, look_at_wheel(tmp_path))
    assert {finding.code for finding in found} == expected


def test_a_form_is_not_compared_with_a_file_that_cannot_be_read(tmp_path):
    assert compare_form("demo", "1.0", look_at(tmp_path, WHEEL, b"")) == []


def test_only_a_refusal_refuses():
    def inspection(*levels: Level) -> Inspection:
        findings = tuple(Finding("x", level, "X.") for level in levels)
        return Inspection(None, None, None, (), findings)

    assert inspection(Level.WARN, Level.REFUSE).refused
    assert not inspection(Level.WARN, Level.HOLD).refused
    assert not inspection().refused


def test_a_factory_makes_the_same_bytes_every_time(tmp_path):
    for make in (dists.make_wheel, dists.make_sdist):
        one, other = make(tmp_path / "a"), make(tmp_path / "b")
        assert one.read_bytes() == other.read_bytes()


def test_names_and_sizes_stay_within_sight(tmp_path):
    found = look_at(tmp_path, WHEEL, dists.zip_bytes([("../" + "x" * 900, b"")]))
    assert all(len(finding.message) < 400 for finding in found.findings)
