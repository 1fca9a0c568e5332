"""Try Gatehouse as a newcomer would, with real distributions of well-known projects.

    .venv/bin/python benchmarks/real_distributions.py [--keep DIR]

Fetches them by name with ``pip download``, starts ``bin/serve`` on a fresh data directory, sends
one half with ``twine upload`` and the other with ``uv publish``, installs from this index alone
with pip and with uv, dependencies included, and compares every byte.  Whatever is refused ends it;
what a policy holds for a moderator is named with the reason.  Needs a package registry.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.server import Site, gatehouse
from pypi_site.embedded import Cluster

PROGRAMS = Path(sys.executable).parent
# With what they need.
WITH_DEPENDENCIES = """
    flask PyYAML zope.interface ruamel.yaml cryptography rich pydantic requests jaraco.functools
    backports.tarfile sqlalchemy alembic httpx aiohttp fastapi uvicorn celery pytest black tox
    sphinx lxml pillow psycopg[binary] redis hatchling flit-core poetry-core twine virtualenv
    jsonschema beautifulsoup4 tqdm marshmallow setuptools wheel
""".split()
# Older versions, as they were named and built in their days.
ALONE = [
    *"numpy==1.26.4 Jinja2==3.1.2 MarkupSafe==2.1.3 six==1.16.0 requests==2.31.0".split(),
    *"six==1.15.0 requests==2.28.0 PyYAML==6.0.1 Django==4.2".split(),
    *"six==1.14.0 requests==2.25.1".split(),
]
SDISTS = [
    *"flask itsdangerous six==1.16.0 click==8.1.7 requests==2.31.0".split(),
    *"Jinja2==2.11.3 zope.interface==5.4.0".split(),
]
INSTALL = ["flask", "PyYAML", "zope.interface", "ruamel.yaml", "rich", "cryptography", "pydantic"]

_HELD = """
    select file.filename, stage.notices from packages_stagedfile as file
    join packages_stage as stage on stage.id = file.stage_id where stage.status = 'processing'
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="folder for the downloads, to be used again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gatehouse-trial-") as folder:
        downloads = options.keep or Path(folder) / "downloads"
        fetch(downloads)
        with gatehouse(Path(folder) / "data") as (site, _):
            return trial(downloads, site, Path(folder))


def fetch(folder: Path) -> None:
    """One version of a project at a time: pip resolves a request as a whole."""
    if folder.exists() and any(folder.iterdir()):
        return
    folder.mkdir(parents=True, exist_ok=True)
    pip("download", "-d", folder, *WITH_DEPENDENCIES)
    for requirement in ALONE:
        pip("download", "-d", folder, "--no-deps", requirement)
    for requirement in SDISTS:
        pip("download", "-d", folder, "--no-deps", "--no-binary", ":all:", requirement)


def pip(command: str, *arguments: object, **options: object) -> None:
    pip_command = [PROGRAMS / "python", "-m", "pip", command, "-q", *arguments]
    run(pip_command, **options)


def run(command: list[object], **options: object) -> None:
    subprocess.run([str(part) for part in command], check=True, **options)  # type: ignore[call-overload]


def trial(downloads: Path, site: Site, folder: Path) -> int:
    files = sorted(path for path in downloads.iterdir() if path.name.endswith((".whl", ".tar.gz")))
    # uv skips, with a warning, whatever is not named as PEP 625 and the wheel specification want.
    normalized = [path for path in files if re.fullmatch(r"[a-z0-9_]+-.*", path.name)]
    by_uv = normalized[1::2]
    by_twine = [path for path in files if path not in by_uv]
    upload = f"{site.address}/legacy/"
    started = time.monotonic()
    login = ["-u", "__token__", "-p", site.token]
    quiet = ["--non-interactive", "--disable-progress-bar"]
    run([PROGRAMS / "twine", "upload", *quiet, "--repository-url", upload, *login, *by_twine])
    run([PROGRAMS / "uv", "publish", "--publish-url", upload, "--token", site.token, *by_uv])
    uploaded = time.monotonic() - started
    held = waiting(folder / "data")
    public = [path for path in files if path.name not in held]
    different = [path.name for path in public if path.read_bytes() != fetched(site, path.name)]
    install(site.address, folder)
    print(
        f"\n{len(files)} distributions up ({len(by_twine)} by twine, {len(by_uv)} by uv) in"
        f" {uploaded:.1f} s, none refused; {len(public) - len(different)} came back byte for byte;"
        f" {', '.join(INSTALL)} installed by pip and by uv from this index alone"
    )
    for name, reason in held.items():
        print(f"held: {name}: {reason}")
    return 1 if different else 0


def waiting(data: Path) -> dict[str, str]:
    """What policies hold for a moderator, and why."""
    with psycopg.connect(Cluster(data).url) as connection:
        rows = connection.execute(_HELD).fetchall()
    return {filename: " ".join(notices) for filename, notices in rows}


def fetched(site: Site, filename: str) -> bytes:
    """The file as an installer gets it: through the project's page, by its address there."""
    name = re.sub(r"[-_.]+", "-", project_of(filename)).lower()
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    page = urllib.request.Request(f"{site.address}/simple/{name}/", headers=accept)
    with urllib.request.urlopen(page) as answer:
        files = {file["filename"]: file for file in json.load(answer)["files"]}
    with urllib.request.urlopen(site.address + files[filename]["url"]) as answer:
        data: bytes = answer.read()
    assert hashlib.sha256(data).hexdigest() == files[filename]["hashes"]["sha256"]
    return data


def project_of(filename: str) -> str:
    if filename.endswith(".whl"):
        return filename.partition("-")[0]
    return filename.removesuffix(".tar.gz").rpartition("-")[0]


def install(address: str, folder: Path) -> None:
    """Nothing but this index: no configuration, no cache, no other place to look."""
    index = f"{address}/simple/"
    ours = ("PIP_", "UV_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    clean["PIP_CONFIG_FILE"] = os.devnull
    wheels = ["--only-binary", ":all:"]
    target = ["--target", folder / "by-pip", "--no-cache-dir"]
    pip("install", *target, *wheels, "--index-url", index, *INSTALL, env=clean)
    uv = [PROGRAMS / "uv", "pip", "install", "--no-config", "--cache-dir", folder / "uv-cache"]
    uv += ["--python", sys.executable, "--target", folder / "by-uv", *wheels]
    run([*uv, "--default-index", index, *INSTALL], env=clean)


if __name__ == "__main__":
    sys.exit(main())
