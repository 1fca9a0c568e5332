"""The simple API in HTML (frozen at 1.4 by PEP 833) and JSON (PEP 691).

Both are written by hand: a page of 2,000 files takes a template engine a hundred times as long.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Any

from packages.simple.pages import API_VERSION, FileLink, ProjectLink, ProjectPage, says_status

# Part of every ETag: raise it when the rendering changes and the serial does not.
RENDERING = 2
ROOT = "/simple/"
_HEAD = (
    "<!DOCTYPE html>\n"
    '<html lang="en">\n'
    "<head>\n"
    '<meta charset="utf-8">\n'
    f'<meta name="pypi:repository-version" content="{API_VERSION}">\n'
)


# -- JSON ----------------------------------------------------------------------------------------


def project_json(page: ProjectPage) -> bytes:
    """A project page (JSN-1 to JSN-18)."""
    status = {"status": page.status}
    if page.status_reason:
        status["reason"] = page.status_reason
    return _dumps(
        {
            "meta": {"api-version": API_VERSION, "_last-serial": page.serial},
            "name": page.name,
            "project-status": status,
            "versions": page.versions,
            "files": [_file_json(file) for file in page.files],
        }
    )


def _file_json(file: FileLink) -> dict[str, Any]:
    """Keys without a value are left out: several clients stumble over null and "".

    The old ``dist-info-metadata`` is left out, too: pip 22.3 to 23.0 breaks over it (PEP 714), and
    whoever reads it reads ``core-metadata``.
    """
    metadata: dict[str, str] | bool = False
    if file.metadata_sha256:
        metadata = {"sha256": file.metadata_sha256}
    members: dict[str, Any] = {
        "filename": file.filename,
        "url": file.url,
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        "upload-time": file.upload_time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "yanked": file.yanked,
        "core-metadata": metadata,
    }
    if file.requires_python:
        members["requires-python"] = file.requires_python
    return members


def root_json(links: Iterable[ProjectLink], serial: int) -> bytes:
    """The list of projects, with the serials that mirrors need (JSN-17)."""
    head, tail = root_json_ends(serial)
    return head + root_json_part(links) + tail


def root_json_part(links: Iterable[ProjectLink]) -> bytes:
    """Some of the list, without a comma before or after."""
    return b",".join(_dumps({"name": link.name, "_last-serial": link.serial}) for link in links)


def root_json_ends(serial: int) -> tuple[bytes, bytes]:
    """What stands before and after the list."""
    meta = _dumps({"api-version": API_VERSION, "_last-serial": serial})
    return b'{"meta":' + meta + b',"projects":[', b"]}"


def _dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


# -- HTML ----------------------------------------------------------------------------------------


def project_html(page: ProjectPage) -> bytes:
    """A project page: one anchor a line and no other anchor (SIM-2 to SIM-17)."""
    title = f"Links for {page.name}"
    anchors = "".join(_anchor(file) for file in page.files)
    head = f"{_HEAD}{_status_tags(page)}<title>{title}</title>\n</head>\n"
    return f"{head}<body>\n<h1>{title}</h1>\n{anchors}</body>\n</html>\n".encode()


def _status_tags(page: ProjectPage) -> str:
    if not says_status(page):
        return ""
    tags = f'<meta name="pypi:project-status" content="{page.status}">\n'
    if page.status_reason:
        reason = escape(page.status_reason)
        tags += f'<meta name="pypi:project-status-reason" content="{reason}">\n'
    return tags


def _anchor(file: FileLink) -> str:
    attributes = f'href="{escape(file.url)}#sha256={file.sha256}"'
    if file.requires_python:
        attributes += f' data-requires-python="{escape(file.requires_python)}"'
    if file.yanked is not False:
        # The value is written even when it is empty: pip overlooks a bare attribute (SIM-6).
        reason = file.yanked if isinstance(file.yanked, str) else ""
        attributes += f' data-yanked="{escape(reason)}"'
    if file.metadata_sha256:
        digest = f"sha256={file.metadata_sha256}"
        attributes += f' data-dist-info-metadata="{digest}" data-core-metadata="{digest}"'
    return f"<a {attributes}>{escape(file.filename)}</a><br>\n"


def root_html(links: Iterable[ProjectLink], base: str = ROOT) -> bytes:
    """One anchor for each project; `base` is the address of the page itself."""
    head, tail = root_html_ends()
    return head + root_html_part(links, base) + tail


def root_html_part(links: Iterable[ProjectLink], base: str = ROOT) -> bytes:
    """Some of the anchors."""
    return "".join(
        f'<a href="{base}{link.normalized_name}/">{escape(link.name)}</a><br>\n' for link in links
    ).encode()


def root_html_ends() -> tuple[bytes, bytes]:
    """What stands before and after the anchors."""
    head = f"{_HEAD}<title>Simple index</title>\n</head>\n<body>\n"
    return head.encode(), b"</body>\n</html>\n"
