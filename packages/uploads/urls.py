"""Project-URL, Home-page and Download-URL (PEP 345, PEP 753)."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from packages.uploads.findings import Finding, quoted, refuse, warn
from packages.uploads.rules import Rules

MAX_LABEL_LENGTH = 32

_LINKABLE = {"http", "https", "mailto"}
_DANGEROUS = {"javascript", "data", "vbscript", "file", "blob", "about"}
_IGNORED_BY_BROWSERS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")


def is_linkable(url: str) -> bool:
    """Whether a page may link there."""
    return _scheme(url) in _LINKABLE and not _has_credentials(url)


def _scheme(url: str) -> str:
    """The scheme as a browser sees it, which skips white space and controls."""
    scheme, colon, _ = _IGNORED_BY_BROWSERS.sub("", url).partition(":")
    return scheme.lower() if colon else ""


def _has_credentials(url: str) -> bool:
    try:
        return urlsplit(url).password is not None
    except ValueError:
        return False


def split_label(value: str) -> tuple[str, str]:
    """A Project-URL as label and URL; without a comma there is no URL."""
    label, _, url = value.partition(",")
    return label.strip(), url.strip()


def project_url_problems(pairs: Iterable[tuple[str, str]], rules: Rules) -> Iterator[Finding]:
    """Everything wrong with the Project-URL fields."""
    listed = list(pairs)
    if len(listed) > rules.project_urls:
        yield refuse(
            "too-many-project-urls",
            f"The metadata has more than {rules.project_urls} Project-URL fields; remove some.",
        )
        return
    for label, url in listed:
        if not label or not url:
            yield refuse(
                "invalid-project-url",
                f"Project-URL {quoted(f'{label}, {url}')} must have the form 'Label, URL'.",
            )
            continue
        if len(label) > MAX_LABEL_LENGTH:
            yield refuse(
                "project-url-label-too-long",
                f"The label {quoted(label)} of a Project-URL has more than {MAX_LABEL_LENGTH}"
                " characters; shorten it.",
            )
        yield from problems("Project-URL", url, rules)


def problems(field: str, url: str, rules: Rules) -> Iterator[Finding]:
    """Everything wrong with one URL."""
    if len(url) > rules.url_length:
        yield refuse(
            "url-too-long",
            f"{field} has a URL of more than {rules.url_length} characters; shorten it.",
        )
    elif _scheme(url) in _DANGEROUS:
        yield refuse(
            "dangerous-url", f"{field} {quoted(url)} must be a web address (http or https)."
        )
    elif _has_credentials(url):
        # The URL itself would tell the password to whoever reads the error log.
        yield refuse(
            "credentials-in-url", f"{field} has a URL with a password in it; remove the password."
        )
    elif not is_linkable(url):
        yield warn(
            "unlinked-url", f"{field} {quoted(url)} is no web address and will not become a link."
        )
    elif not url.isascii():
        yield warn(
            "non-ascii-url",
            f"{field} {quoted(url)} should be written in ASCII (percent-encoding, punycode).",
        )
