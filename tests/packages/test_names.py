"""Names, versions and filenames, against the assertions NAM, VER and TAG of the standards."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion as PackagingInvalidVersion
from packaging.version import Version

from packages import names

VERSIONS = st.from_regex(
    r"(?a:(\d{1,2}!)?\d{1,3}(\.\d{1,3}){0,4}((a|b|rc)\d{1,3})?(\.post\d{1,3})?(\.dev\d{1,3})?"
    r"(\+[a-z0-9]{1,4}(\.[a-z0-9]{1,4}){0,2})?)",
    fullmatch=True,
)


@pytest.mark.parametrize("name", ["a", "Foo.Bar", "foo_bar", "0x", "a-b", "a._-b", "x" * 128])
def test_ordinary_names_are_valid(name):
    assert names.is_valid(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "_",
        "-foo",
        "foo-",
        "_foo",
        "foo bar",
        "foo\n",
        "foo\x00",
        "föö",
        "foo\u202e",
        "\u017foo",
        "f\u043eo",
        "foo/../bar",
        "foo%2fbar",
        "foo\\bar",
        "x" * 129,
        "x" * 300,
    ],
)
def test_names_beyond_the_grammar_are_not(name):
    assert not names.is_valid(name)


@given(st.text(alphabet="aB1-_.", min_size=1, max_size=12))
def test_normalization_is_that_of_packaging(name):
    if names.is_valid(name):
        assert names.normalize(name) == canonicalize_name(name)


@pytest.mark.parametrize(
    "name", ["con", "NUL", "aux", "prn", "com1", "LPT9", "namespaces", "Namespace", "setup.py"]
)
def test_names_of_devices_and_of_our_own_paths_are_reserved(name):
    assert names.is_reserved(name)


def test_other_names_are_free():
    assert not names.is_reserved("console")


@pytest.mark.parametrize(
    "version",
    [
        "1.0.x",
        "1_0",
        "banana",
        "1.0.*",
        "",
        "../1.0",
        "\u0661.0",
        "1.0 ",
        "1.0\n",
        "1" * 5000,
        "9" * 1000 + "!1",
        "1.0+" + ".".join("a" * 300),
    ],
)
def test_texts_that_are_no_versions_are_refused_without_a_crash(version):
    with pytest.raises(names.InvalidVersion):
        names.parse_version(version)


@pytest.mark.parametrize(
    ("version", "normal"),
    [
        ("01.0", "1.0"),
        ("v1.0", "1.0"),
        ("1.0ALPHA1", "1.0a1"),
        ("1.0-1", "1.0.post1"),
        ("1!1.0", "1!1.0"),
        ("1.0c1", "1.0rc1"),
    ],
)
def test_versions_are_normalized(version, normal):
    assert str(names.parse_version(version)) == normal


@given(VERSIONS, VERSIONS)
def test_the_sort_key_orders_as_versions_do(one, other):
    key, other_key = names.version_sort_key(one), names.version_sort_key(other)
    assert (key < other_key) == (Version(one) < Version(other))
    assert (key == other_key) == (Version(one) == Version(other))


@given(VERSIONS)
def test_the_sort_key_is_plain_ascii_so_that_bytes_and_characters_sort_alike(version):
    assert re.fullmatch(r"[!-~]+", names.version_sort_key(version))


def test_the_sort_key_orders_the_examples_of_pep_440():
    # fmt: off
    ordered = [
        "1.dev0", "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456",
        "1.0b2", "1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0",
        "1.0+abc.5", "1.0+abc.7", "1.0+5", "1.0.post456.dev34", "1.0.post456", "1.0.15", "1.1.dev1",
        "10.0", "1!0.1",
    ]
    # fmt: on
    backwards = ordered[::-1]
    assert sorted(backwards, key=names.version_sort_key) == ordered


@given(st.text(max_size=80))
def test_any_text_is_a_version_for_us_only_if_it_is_one_for_packaging(text):
    try:
        parsed = names.parse_version(text)
    except names.InvalidVersion:
        return
    assert parsed == Version(text)


def test_a_wheel_filename_is_taken_apart():
    found = names.parse_filename("Foo.Bar-1.0.0-2-py2.py3-none-any.whl")
    assert found == names.Distribution(
        filename="Foo.Bar-1.0.0-2-py2.py3-none-any.whl",
        filetype="bdist_wheel",
        name="Foo.Bar",
        normalized_name="foo-bar",
        version="1.0.0",
        build="2",
        python_tag="py2.py3",
        tags=("py2-none-any", "py3-none-any"),
        identity="foo_bar-1-2-py2.py3-none-any.whl",
    )


def test_an_sdist_filename_is_taken_apart_at_its_last_hyphen():
    found = names.parse_filename("python-dateutil-2.8.2.tar.gz")
    assert (found.name, found.version) == ("python-dateutil", "2.8.2")
    assert (found.filetype, found.python_tag, found.tags) == ("sdist", "source", ())
    assert found.identity == "python_dateutil-2.8.2.tar.gz"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Foo-1.0.tar.gz", "foo-1.tar.gz"),
        ("foo.bar-1.0.0.tar.gz", "foo_bar-1.0.tar.gz"),
        ("foo-bar-1.0.tar.gz", "foo_bar-1.0.tar.gz"),
        ("Foo-1.0-py3-none-any.whl", "foo-1.0.0-py3-none-any.whl"),
        ("foo-1.0-py3.py2-none-any.whl", "foo-1.0-py2.py3-none-any.whl"),
        ("foo-1.0c1-py3-none-any.whl", "foo-1.0rc1-py3-none-any.whl"),
        ("foo-1.0-01-py3-none-any.whl", "foo-1.0-1-py3-none-any.whl"),
        ("foo-1.0-PY3-none-any.whl", "foo-1.0-py3-none-any.whl"),
    ],
)
def test_two_spellings_of_one_artifact_have_one_identity(one, other):
    assert names.parse_filename(one).identity == names.parse_filename(other).identity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("foo-1.0.tar.gz", "foo-1.1.tar.gz"),
        ("foo-1.0-py3-none-any.whl", "foo-1.0-1-py3-none-any.whl"),
        ("foo-1.0-py3-none-any.whl", "foo-1.0-py2-none-any.whl"),
        ("foo-1.0+a-py3-none-any.whl", "foo-1.0-py3-none-any.whl"),
        ("foo-1!1.0.tar.gz", "foo-1.0.tar.gz"),
    ],
)
def test_different_artifacts_have_different_identities(one, other):
    assert names.parse_filename(one).identity != names.parse_filename(other).identity


@pytest.mark.parametrize(
    ("filename", "sentence"),
    [
        ("../../foo-1.0.tar.gz", "only have ASCII letters"),
        ("foo-1.0.tar.gz/../x", "only have ASCII letters"),
        ("foo-1.0\x01.tar.gz", "only have ASCII letters"),
        ("foo-1.0.tar.gz\x00.exe", "only have ASCII letters"),
        (" foo-1.0.tar.gz", "only have ASCII letters"),
        ("foo\n-1.0.tar.gz", "only have ASCII letters"),
        ("föö-1.0-py3-none-any.whl", "only have ASCII letters"),
        ("foo-1.0-py3-none-any .whl", "only have ASCII letters"),
        ("foo-1.0.tar.gz.tar.gz", "named like name-version.tar.gz"),
        ("foo.tar.gz", "named like name-version.tar.gz"),
        ("foo-1.0.TAR.GZ", "lower case"),
        ("foo-1.0.zip", "as .tar.gz (PEP 625)"),
        ("foo-1.0.tgz", "PEP 625"),
        ("foo-1.0.tar.bz2", "PEP 625"),
        ("foo-1.0.tar.xz", "PEP 625"),
        ("foo-1.0-py3.11.egg", "PEP 715"),
        ("foo-1.0.win32.exe", "PEP 527"),
        ("foo-1.0.msi", "PEP 527"),
        ("foo-1.0.rim", "must end in .whl"),
        ("foo-1.0.pybi", "must end in .whl"),
        ("__foo-1.0.tar.gz", "not a valid project name"),
        ("-1.0.tar.gz", "not a valid project name"),
        ("foo-banana.tar.gz", "not a valid version"),
        ("foo-" + "1" * 100 + ".tar.gz", "more than 64 characters"),
        ("f" * 300 + "-1.0.tar.gz", "more than 240 characters"),
        ("foo__bar-1.0-py3-none-any.whl", "single '_'"),
        ("foo-1.0-a1-py3-none-any.whl", "must start with a digit"),
        ("foo-1.0-py3-none.whl", "named like name-version-python-abi-platform.whl"),
        ("foo-1.0-1-py3-none-any-x86_64_v3.whl", "variants are a draft"),
        ("foo-1.0-py3..py2-none-any.whl", "empty component"),
        ("foo-1.0-3py-none-any.whl", "invalid interpreter"),
        ("foo-1.0-py3-no+ne-any.whl", "characters that no tag has"),
        ("foo-1.0-" + ".".join(f"p{n}" for n in range(33)) + "-none-any.whl", "more than 32 tags"),
    ],
)
def test_a_filename_that_names_no_distribution_is_explained(filename, sentence):
    with pytest.raises(names.InvalidFilename, match=re.escape(sentence)):
        names.parse_filename(filename)


@given(st.text(max_size=60) | st.text(alphabet="fo-1.py3tagz_whl+!", max_size=60))
def test_any_text_is_a_filename_or_refused(text):
    try:
        found = names.parse_filename(text)
    except names.InvalidFilename:
        return
    assert names.parse_filename(found.identity).identity == found.identity


def test_packaging_agrees_that_an_invalid_version_is_one():
    with pytest.raises(PackagingInvalidVersion):
        Version("1_0")
