"""Every page that is served against one that is rendered now, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from benchmarks.soak.client import FORMS, JSON, Client
from packages.simple.codings import Coding
from tests.protocol.server import Server

# In a process of its own, which has no page in memory, and past those on the disk.
_RENDER = """
import hashlib, json
from packages.models import Project
from packages.simple import preparing
from packages.simple.answers import Kind
from packages.simple.codings import Coding
names = ["", *Project.objects.known().values_list("normalized_name", flat=True)]
print(json.dumps({
    f"{name} {kind}": hashlib.sha256(rendered.bodies[Coding.IDENTITY]).hexdigest()
    for name in names for kind in Kind
    if (rendered := preparing.render(name, kind))
}))
"""


def differences(server: Server, addresses: Sequence[tuple[str, int]]) -> tuple[int, list[str]]:
    """How many answers were compared, and those that differ."""
    fresh = server.script(_RENDER)
    found = [line for address in addresses for line in compared(Client(*address), fresh)]
    return len(found), [line for line in found if line]


def compared(client: Client, fresh: dict[str, str]) -> Iterator[str]:
    """Empty for each answer that is as it should be."""
    names = {key.partition(" ")[0] for key in fresh}
    for name in sorted(names):
        path = f"/simple/{name}/" if name else "/simple/"
        for form in FORMS:
            wanted = fresh[f"{name} {'json' if form == JSON else 'html'}"]
            for coding in Coding:
                answer = client.page(path, form, coding)
                same = hashlib.sha256(answer.body).hexdigest() == wanted
                which = f"{path} as {form}, {coding} ({answer.etag})"
                yield "" if same else f"{which} is not the page of now"
