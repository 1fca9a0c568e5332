"""Descriptions of releases: text by strangers, made into HTML that is safe to serve.

``render`` is pure: no database, no settings, no network. Whatever it returns has passed bleach's
allow-list and holds no ``h1``, no style, no script and no class of ours.

Markup converters are quadratic on hostile input, and nothing can interrupt a regular expression.
So the text is weighed before conversion and its HTML after it (``weights``); what is too heavy is
shown as plain text. The tests keep the attacks that the limits were measured with.
"""

from contextlib import suppress
from email.message import Message
from html import escape

from packages.descriptions import weights
from packages.descriptions.cleaning import clean
from packages.descriptions.converters import from_markdown, from_rst

__all__ = ["REVISION", "plain", "render"]

REVISION = 1  # raise it when the same text comes out otherwise: rendered pages are cached


def render(text: str, content_type: str | None) -> str:
    """Convert a description to safe HTML.

    The content type is the metadata field of that name ("text/markdown; variant=GFM"). When it is
    missing, the core metadata specification says reStructuredText, if it is that without fault.
    Text of another type, or text that cannot be converted, is escaped and shown as it stands.
    """
    # Converters of markup fail on strange input in ways that they do not document.
    with suppress(Exception):
        return _converted(text, _media_type(content_type))
    return plain(text)


def plain(text: str) -> str:
    """Show text as it stands."""
    return f'<pre class="plain-text">{escape(text)}</pre>'


def _media_type(content_type: str | None) -> str:
    message = Message()
    message["Content-Type"] = content_type or "unknown/missing"
    return message.get_content_type() if content_type else ""


def _converted(text: str, media_type: str) -> str:
    match media_type:
        case "text/markdown" if weights.markdown_is_light(text):
            return clean(from_markdown(text))
        case "text/x-rst" if weights.rst_is_light(text):
            return clean(from_rst(text, halt_level=3))
        case "" if weights.rst_is_light(text):
            return clean(from_rst(text, halt_level=2))
    return plain(text)
