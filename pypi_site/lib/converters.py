"""What stands in addresses: names, versions, digests, filenames."""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import StringConverter


class ProjectName(StringConverter):
    """Any spelling of a project's name; whatever else stands there is not found (NAM-7)."""

    regex = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?"


class Version(StringConverter):
    """What may be a version; PEP 440 decides later."""

    regex = r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,63}"


class Sha256(StringConverter):
    """Lower-case hex."""

    regex = r"[0-9a-f]{64}"


class FeedFormat(StringConverter):
    """How a feed is written."""

    regex = "rss|atom"


class SessionToken(StringConverter):
    """256 random bits in URL-safe base64."""

    regex = r"[A-Za-z0-9_-]{43}"


class Filename(StringConverter):
    """One path segment that could name a wheel or an sdist, but no ``.metadata``."""

    regex = r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,235}(?:\.whl|\.tar\.gz)"


def register() -> None:
    """Make them known to Django, by the words that routes use."""
    register_converter(ProjectName, "project")
    register_converter(Version, "version")
    register_converter(Sha256, "sha256")
    register_converter(Filename, "filename")
    register_converter(FeedFormat, "feed")
    register_converter(SessionToken, "token")
