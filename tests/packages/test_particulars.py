"""What the project page says of metadata by strangers."""

import pytest

from packages import particulars
from packages.particulars import Item


def items(group_label: str, **metadata) -> list[Item]:
    found = {group.label: group.values for group in particulars.groups(metadata)}
    return list(found.get(group_label, ()))


def test_well_known_links_come_first_and_under_one_spelling():
    metadata = {
        "project_url": [
            "Chat, https://chat.example",
            "Bug Tracker, https://bugs.example",
            "source_code, https://code.example",
            "HOME PAGE, https://home.example",
        ]
    }
    labels = [link.text for link in particulars.links(metadata)]
    assert labels == ["Homepage", "Source", "Issue tracker", "Chat"]


def test_old_fields_are_links_too_unless_they_repeat_one():
    metadata = {
        "project_url": ["Documentation, https://home.example"],
        "home_page": "https://home.example",
        "download_url": "https://download.example",
    }
    labels = [link.text for link in particulars.links(metadata)]
    assert labels == ["Documentation", "Download"]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/admin/",
        "ftp://x.example",
        "https://[broken",
        "https://x.example/a b",
        "UNKNOWN",
        "",
    ],
)
def test_a_link_that_leads_elsewhere_than_to_the_web_or_a_mailbox_is_not_shown(url):
    """TOB-PYPI-7."""
    assert particulars.links({"project_url": [f"Homepage, {url}"], "home_page": url}) == []


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"license_expression": "MIT", "license": "Other"}, "MIT"),
        ({"license": "BSD-3-Clause"}, "BSD-3-Clause"),
        ({"license": "Copyright\nPermission is hereby granted"}, ""),
        ({"license": "x" * 101}, ""),
        ({"license": "UNKNOWN"}, ""),
        ({"classifier": ["License :: OSI Approved :: MIT License", "Topic :: X"]}, "MIT License"),
        ({}, ""),
    ],
)
def test_the_licence_is_told_in_a_few_words(metadata, words):
    assert particulars.license_of(metadata) == words


@pytest.mark.parametrize(
    ("metadata", "people"),
    [
        ({"author": "Ada"}, [Item("Ada")]),
        ({"author": "Ada", "author_email": "a@x.org"}, [Item("Ada", "mailto:a@x.org")]),
        ({"author_email": "Ada <a@x.org>"}, [Item("Ada", "mailto:a@x.org")]),
        (
            {"author": "Ada", "author_email": "Ada <a@x.org>, Grace <g@x.org>"},
            [Item("Ada", "mailto:a@x.org"), Item("Grace", "mailto:g@x.org")],
        ),
        (
            {"author": "The team", "author_email": "Ada <a@x.org>"},
            [Item("The team"), Item("Ada", "mailto:a@x.org")],
        ),
        ({"author_email": "nonsense"}, [Item("nonsense")]),
        ({}, []),
    ],
)
def test_people_are_told_once_with_their_address(metadata, people):
    assert items("Author", **metadata) == people


def test_dependencies_that_are_here_are_linked():
    metadata = {"requires_dist": ["Num_Py>=1 ; extra == 'x'", "elsewhere", "~not a requirement"]}
    assert particulars.required_names(metadata) == {"num-py", "elsewhere", ""}
    (group,) = particulars.groups(metadata, available=["num-py"])
    assert [item.url for item in group.values] == ["/project/num-py/", "", ""]
    assert [item.text for item in group.values] == metadata["requires_dist"]


def test_what_is_absent_makes_no_group():
    assert particulars.groups({"keywords": [], "classifier": ()}) == []


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        (["py3-none-any"], "Python 3, any system"),
        (["py2-none-any", "py3-none-any"], "Python 2, Python 3, any system"),
        (
            ["cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux2014_x86_64"],
            "CPython 3.12, Linux (glibc 2.17+) x86-64",
        ),
        (["cp39-abi3-macosx_11_0_arm64"], "CPython 3.9+, macOS 11.0+ arm64"),
        (["cp313-cp313t-win_amd64"], "CPython 3.13 free-threaded, Windows x86-64"),
        (["cp313-cp313-win32"], "CPython 3.13, Windows x86"),
        (
            ["pp310-pypy310_pp73-musllinux_1_2_aarch64"],
            "PyPy 3.10, Linux (musl 1.2+) aarch64",
        ),
        (["py3-none-linux_armv7l"], "Python 3, Linux armv7l"),
        (["unheard"], "unheard, any system"),
        ([], ""),
    ],
)
def test_tags_are_told_in_words(tags, words):
    assert particulars.tags_in_words(tags) == words
