"""From markup to HTML, which is not yet safe."""

import re
from typing import Final

from docutils import nodes
from docutils.core import publish_parts
from docutils.readers.standalone import Reader
from docutils.transforms import Transform
from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import SimpleTagInlineProcessor
from markdown.preprocessors import Preprocessor

from packages.descriptions.weights import LINE_LIMIT

_LIST_ITEM = re.compile(r" {0,3}(?:[-*+]|1[.)])[ \t]+\S")
_ANY_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])[ \t]")
_TASK = re.compile(r"(<li>(?:\s*<p>)?)\[([ xX])\] ")


class _ListsMayInterrupt(Preprocessor):
    """Let a list follow a paragraph without a blank line between, as GitHub does."""

    def run(self, lines: list[str]) -> list[str]:
        spaced: list[str] = []
        for line in lines:
            if spaced and _LIST_ITEM.match(line) and _is_paragraph(spaced[-1]):
                spaced.append("")
            spaced.append(line)
        return spaced


def _is_paragraph(line: str) -> bool:
    return bool(line.strip()) and not line.startswith((" ", "\t")) and not _ANY_ITEM.match(line)


class _GitHubFlavour(Extension):
    """What authors expect beyond Markdown's own: ~~struck~~, and lists after paragraphs."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        struck = SimpleTagInlineProcessor(r"(~~)([^~\n]+)~~", "del")
        md.inlinePatterns.register(struck, "struck", 55)
        md.preprocessors.register(_ListsMayInterrupt(md), "lists_may_interrupt", 15)


def from_markdown(text: str) -> str:
    markdown = Markdown(
        extensions=["fenced_code", "tables", "sane_lists", _GitHubFlavour()],
        extension_configs={"tables": {"use_align_attribute": True}},
    )
    return _TASK.sub(_checkbox, markdown.convert(text))


def _checkbox(task: re.Match[str]) -> str:
    return task[1] + ("☐ " if task[2] == " " else "☑ ")


class _RefuseNestedSubstitutions(Transform):
    """Refuse substitutions within substitutions: twenty lines of them make a million words."""

    default_priority = 215  # just before docutils' own Substitutions

    def apply(self) -> None:
        for definition in self.document.substitution_defs.values():
            if next(iter(definition.findall(nodes.substitution_reference)), None):
                raise ValueError("A substitution refers to another.")


class _ReadNoFiles(Transform):
    """Drop the image options that make docutils open local files: ``:loading: embed`` and scale.

    ``file_insertion_enabled`` doesn't cover them. On the way, mark literals as code.
    """

    default_priority = 990

    def apply(self) -> None:
        for image in self.document.findall(nodes.image):
            image.attributes.pop("loading", None)
            image.attributes.pop("scale", None)
        for literal in self.document.findall(nodes.literal):
            literal["classes"].append("code")


class _Reader(Reader):  # type: ignore[type-arg]
    def get_transforms(self) -> list[type[Transform]]:
        return [*super().get_transforms(), _RefuseNestedSubstitutions, _ReadNoFiles]


_RST_SETTINGS: Final = {
    "_disable_config": True,
    "doctitle_xform": False,
    "file_insertion_enabled": False,
    "initial_header_level": 1,
    "line_length_limit": LINE_LIMIT,
    "math_output": "LaTeX",
    "raw_enabled": False,
    "report_level": 5,
    "strip_comments": True,
    "syntax_highlight": "none",
    "toc_backlinks": False,
    "traceback": True,  # raise, rather than write to stderr and exit
    "warning_stream": False,
}


def from_rst(text: str, halt_level: int) -> str:
    """Convert reStructuredText; raise if docutils finds a fault of that severity (3 is error)."""
    settings = {**_RST_SETTINGS, "halt_level": halt_level}
    parts = publish_parts(text, reader=_Reader(), writer="html5", settings_overrides=settings)
    return str(parts["fragment"])
