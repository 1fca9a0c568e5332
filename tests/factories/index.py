"""Published and held releases, brought about through the one gate."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

from accounts.actors import Actor
from accounts.models import User
from packages.models import File, Project, Release, Stage
from packages.uploads import stages
from packages.uploads.stages import Outcome, Upload
from tests.factories.dists import make_sdist, make_wheel
from tests.factories.people import UserFactory


def as_upload(path: Path, name: str = "demo", version: str = "1.0", **changes: Any) -> Upload:
    """A file on disk as it would have arrived."""
    data = path.read_bytes()
    facts = {
        "path": path,
        "filename": path.name,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "blake2b_256": hashlib.blake2b(data, digest_size=32).hexdigest(),
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "name": name,
        "version": version,
    }
    return Upload(**{**facts, **changes})


def submit(
    uploader: User, name: str = "demo", version: str = "1.0", *, sdist: bool = False, **options: Any
) -> Outcome:
    """Upload a small distribution as `uploader`."""
    make = make_sdist if sdist else make_wheel
    with tempfile.TemporaryDirectory() as folder:
        path = make(Path(folder), name=name, version=version, **options)
        return stages.submit(Actor(user=uploader, client="pytest"), as_upload(path, name, version))


def published(name: str = "demo", version: str = "1.0", **options: Any) -> Release:
    """A release that is public, uploaded by somebody trusted unless `uploader` is given."""
    uploader: Any = options.pop("uploader", None) or UserFactory(trusted=True)
    outcome = submit(uploader, name, version, **options)
    return outcome.project.releases.get(version=outcome.version)


def published_file(name: str = "demo", version: str = "1.0", **options: Any) -> File:
    """The only file of a new release."""
    return published(name, version, **options).files.get()


def held(name: str = "demo", version: str = "1.0", **options: Any) -> Stage:
    """An upload that waits for a moderator, by somebody new unless `uploader` is given."""
    uploader: Any = options.pop("uploader", None) or UserFactory()
    outcome = submit(uploader, name, version, **options)
    assert outcome.result is stages.Result.HELD
    return Stage.objects.held().get(project=outcome.project)


def project(name: str = "demo") -> Project:
    """A project with one release."""
    return published(name).project
