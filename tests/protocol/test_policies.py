"""A stolen token and slopsquatted names, as twine and pip meet them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.dists import make_wheel
from tests.protocol.conftest import People, tools_for
from tests.protocol.server import Server

pytestmark = pytest.mark.protocol

# The .pth of a release that stole credentials from whoever started Python (peers.md, section 9).
STEALER = "import base64; exec(base64.b64decode('cHJpbnQoMSk='))\n"
SIGNALS = """
import json
from moderation.models import Case
from packages.models import Stage
stage = Stage.objects.held().get(project__normalized_name="stolen")
signals = [each for hold in stage.holds for each in hold["signals"]]
fired = sorted({(each["rule"], each["member"], each["line"]) for each in signals})
print(json.dumps({"fired": fired, "severity": Case.objects.live().about(stage).get().severity}))
"""
KEEP = """
from moderation.models import ReservedPrefix
ReservedPrefix.objects.create(prefix="acme", reason="They are Acme's own")
"""


@pytest.fixture
def tools(live: Server, people: People, tmp_path: Path):
    return tools_for(live, people.trusted, tmp_path / "home")


def test_a_stolen_token_uploads_a_release_with_a_pth_file(tools, live: Server, tmp_path: Path):
    sound = make_wheel(tmp_path / "sound", "stolen", "1.82.6")
    assert tools.twine(sound).returncode == 0
    files = {"stolen/__init__.py": "", "stolen_init.pth": STEALER}
    bad = make_wheel(tmp_path / "bad", "stolen", "1.82.8", files=files)

    done = tools.twine(bad, options=["--verbose"])
    assert done.returncode == 0, done.stdout
    assert "202 Accepted, held for review by a moderator" in done.stdout
    assert "stolen_init.pth, line 1" in done.stdout

    told = live.script(SIGNALS)
    member = ["stolen_init.pth", 1]
    assert told == {
        "fired": [["runs_what_it_decodes", *member], ["startup_hook", *member]],
        "severity": 3,
    }

    target = tmp_path / "target"
    assert tools.pip("install", "--target", target, "stolen").returncode == 0
    assert [path.name for path in target.glob("*.dist-info")] == ["stolen-1.82.6.dist-info"]
    assert not list(target.glob("*.pth"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("reqeusts", "requests"),
        ("acme-billing", "kept for others"),
    ],
)
def test_names_that_lie_in_wait_are_refused(tools, live: Server, tmp_path: Path, name, why):
    if name.startswith("acme"):
        live.script(KEEP)
    done = tools.twine(make_wheel(tmp_path, name))
    assert done.returncode != 0
    assert why in done.stdout
    assert live.get(f"/simple/{name}/").status == 404
