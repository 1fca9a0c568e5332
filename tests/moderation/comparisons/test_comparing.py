"""What changed between two archives, and what that may cost."""

from __future__ import annotations

import pytest

from moderation.comparisons import Limits, Side, compare, diffs
from tests.factories.dists import make_sdist, make_wheel

NOTHING: dict[str, dict] = {"files": {}}


@pytest.fixture
def sides(tmp_path):
    """Makes two versions of a distribution, and compares them."""

    def make(before, after, *, sdist=False, limits=None, requires=((), ())):
        maker = make_sdist if sdist else make_wheel
        made = [
            maker(tmp_path / version, version=version, **options)
            for version, options in (("1.0", before), ("1.1", after))
        ]
        two = [
            Side(path, path.name, path.parent.name, requires=needs)
            for path, needs in zip(made, requires, strict=True)
        ]
        return compare(two[0], two[1], limits or Limits())

    return make


def paths(changes):
    return [change.path for change in changes]


def ours(comparison, kind):
    return [path for path in paths(getattr(comparison, kind)) if "info" not in path.lower()]


def test_members_come_go_and_change(sides):
    found = sides(
        {"files": {"demo/__init__.py": "a = 1\n", "demo/old.py": "", "demo/same.py": "x\n"}},
        {"files": {"demo/__init__.py": "a = 2\n", "demo/new.py": "b\n", "demo/same.py": "x\n"}},
    )
    assert ours(found, "added") == ["demo/new.py"]
    assert ours(found, "removed") == ["demo/old.py"]
    assert ours(found, "changed") == ["demo/__init__.py"]
    assert found.unchanged == 2  # same.py and WHEEL
    assert found.complete


def test_a_new_version_of_the_folders_is_no_change(sides):
    same = {"files": {"demo/__init__.py": "a = 1\n"}}
    wheels, sdists = sides(same, same), sides(same, same, sdist=True)
    assert paths(wheels.changes) == ["demo-1.1.dist-info/METADATA", "demo-1.1.dist-info/RECORD"]
    assert paths(sdists.changes) == ["demo-1.1/pyproject.toml", "demo-1.1/PKG-INFO"]


def test_changed_lines_are_numbered_with_a_little_around_them(sides):
    before = "".join(f"line {n}\n" for n in range(1, 21))
    after = before.replace("line 10\n", "line ten\n").replace("line 20\n", "")
    found = sides({"files": {"demo.py": before}}, {"files": {"demo.py": after}})
    diff = next(change.diff for change in found.changed if change.path == "demo.py")
    assert [(line.mark, line.before, line.after, line.text) for line in diff] == [
        ("@", None, None, ""),
        (" ", 7, 7, "line 7"),
        (" ", 8, 8, "line 8"),
        (" ", 9, 9, "line 9"),
        ("-", 10, None, "line 10"),
        ("+", None, 10, "line ten"),
        (" ", 11, 11, "line 11"),
        (" ", 12, 12, "line 12"),
        (" ", 13, 13, "line 13"),
        ("@", None, None, ""),
        (" ", 17, 17, "line 17"),
        (" ", 18, 18, "line 18"),
        (" ", 19, 19, "line 19"),
        ("-", 20, None, "line 20"),
    ]


def test_the_lines_of_a_new_text_are_all_new(sides):
    found = sides({"files": {}}, {"files": {"evil.pth": "import os\nimport sys\n"}})
    assert found.new_startup_hooks == ("evil.pth",)
    assert paths(found.changes)[0] == "evil.pth"
    assert [line.text for line in found.added[0].diff] == ["import os", "import sys"]


@pytest.mark.parametrize(
    ("path", "sdist"),
    [
        ("evil.pth", False),
        ("sitecustomize.py", False),
        ("usercustomize/__init__.py", False),
        ("sitecustomize.cpython-312-x86_64-linux-gnu.so", False),
        ("demo-1.1.data/purelib/evil.pth", False),
        ("demo-1.1.data/data/lib/python3.12/site-packages/evil.pth", False),
        ("evil.pth", True),
        ("src/evil.pth", True),
    ],
)
def test_what_python_runs_at_each_start_is_named(sides, path, sdist):
    found = sides({"files": {}}, {"files": {path: "import os\n"}}, sdist=sdist)
    assert [hook.removeprefix("demo-1.1/") for hook in found.new_startup_hooks] == [path]


@pytest.mark.parametrize("path", ["demo/model.pth", "demo/sitecustomize.py", "demo/pth.py"])
def test_what_looks_alike_is_no_startup_hook(sides, path):
    assert not sides({"files": {}}, {"files": {path: "x"}}).new_startup_hooks


def test_native_code_entry_points_and_dependencies_are_told(sides):
    found = sides(
        {"files": {}, "entry_points": "[console_scripts]\nold = demo:old\n"},
        {"files": {"demo/fast.so": b"\x7fELF\0"}, "entry_points": "[demo.plugins]\nx = demo:x\n"},
        requires=(("requests", "attrs"), ("requests", "reqeusts")),
    )
    assert found.new_native_code == ("demo/fast.so",)
    assert found.new_entry_points == ("demo.plugins: x = demo:x",)
    assert found.dropped_entry_points == ("console_scripts: old = demo:old",)
    assert found.new_dependencies == ("reqeusts",)
    assert found.dropped_dependencies == ("attrs",)


def test_new_requirements_of_the_build_are_told(sides):
    found = sides(
        {"files": {}},
        {"files": {}, "replace": {"*/pyproject.toml": '[build-system]\nrequires=["evil"]\n'}},
        sdist=True,
    )
    assert found.new_build_requirements == ("evil",)


@pytest.mark.parametrize("text", ["[build-system]\nrequires = 1", "build-system = 1", "[", "\xff"])
def test_a_strange_pyproject_is_no_obstacle(sides, text):
    strange = {"files": {}, "replace": {"*/pyproject.toml": text.encode("latin-1")}}
    assert sides({"files": {}}, strange, sdist=True).new_build_requirements == ()


def test_what_is_no_text_has_no_lines(sides):
    found = sides({"files": {"a.bin": b"\0"}}, {"files": {"a.bin": b"\0\1"}})
    change = next(change for change in found.changed if change.path == "a.bin")
    assert (change.size_before, change.size_after, change.diff) == (1, 2, ())


def test_odd_encodings_and_hidden_characters_are_shown(sides):
    odd = b"# coding: latin-1\n# caf\xe9\nx = '\xe2\x80\xae'\n"
    found = sides({"files": {}}, {"files": {"odd.py": odd}})
    change = next(change for change in found.added if change.path == "odd.py")
    assert [line.text for line in change.diff][1:] == ["# caf�", "x = '⟨U+202E⟩'"]


def test_limits_end_in_a_sentence_instead_of_an_error(sides):
    many = {"files": {f"demo/{n}.py": "x\n" * 600 for n in range(40)}}
    none = NOTHING
    few = sides(none, many, limits=Limits(members=10))
    assert few.remarks == ("Of demo-1.1-py3-none-any.whl only 10 members were looked at.",)
    assert not sides(none, many, limits=Limits(unpacked=1000)).complete
    assert not sides(none, many, limits=Limits(seconds=0)).complete
    shown = sides(none, many, limits=Limits(diffs=3, lines=5))
    assert [(len(change.diff), change.cut) for change in shown.changes if change.diff] == [
        (5, True)
    ] * 3


def test_texts_that_were_made_to_hurt_are_taken_out_and_put_in():
    """difflib alone takes minutes for these."""
    before = "".join(f"{n % 120}\n" for n in range(1, 12_001))
    after = "".join(f"{n * 7 % 120}\n" for n in range(3, 12_003))
    marks = [line.mark for line in diffs.of_texts(before, after)]
    assert marks == ["-"] * 12_000 + ["+"] * 12_000


def test_an_archive_that_breaks_off_is_compared_as_far_as_it_goes(tmp_path):
    whole = make_sdist(tmp_path)
    half = tmp_path / "demo-1.1.tar.gz"
    half.write_bytes(whole.read_bytes()[:-20])
    found = compare(Side(whole, whole.name, "1.0"), Side(half, half.name, "1.1"))
    assert "cannot be read to its end" in found.remarks[0]
