"""Source text as lines of HTML, its words marked by class names (the CSP knows no inline style)."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name

MOST_CHARACTERS = 200_000  # longer texts are shown plain
# Only lexers that read any text in linear time; what a suffix or a name stands for.
_BY_SUFFIX = {
    ".py": "python",
    ".pyi": "python",
    ".pyx": "cython",
    ".pth": "python",
    ".toml": "toml",
    ".cfg": "ini",
    ".ini": "ini",
    ".json": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".sh": "bash",
    ".c": "c",
    ".h": "c",
    ".cpp": "cpp",
    ".js": "javascript",
}


def lines(name: str, text: Sequence[str]) -> list[SafeString]:
    """Each line of the member `name`, escaped, highlighted if we know its language."""
    lexer, whole = _lexer(name), "\n".join(text)
    if lexer is None or len(whole) > MOST_CHARACTERS:
        return [mark_safe(escape(line)) for line in text]  # noqa: S308 - escaped
    marked = highlight(whole, lexer, HtmlFormatter(nowrap=True)).removesuffix("\n").split("\n")
    if len(marked) != len(text):  # a lexer that counts lines otherwise
        return [mark_safe(escape(line)) for line in text]  # noqa: S308 - escaped
    return [mark_safe(line) for line in marked]  # noqa: S308 - pygments escapes


def _lexer(name: str) -> Lexer | None:
    suffix = "." + name.rpartition(".")[2].lower()
    language = _BY_SUFFIX.get(suffix)
    return get_lexer_by_name(language, stripnl=False) if language else None
