"""The people whom this index names to its readers: those who keep a project that they may see."""

from __future__ import annotations

from accounts.models import User
from packages import insiders
from packages.models import Project, Reader
from packages.models.reader import ANYBODY
from pypi_site.lib.problems import NotFound


def known_person(username: str, to: Reader = ANYBODY) -> User:
    """Somebody who is named on the page of a project that the reader may see, be his role his own
    or a team's.

    Raises `NotFound` for all others, be there an account of that name or none: who keeps nothing
    in public cannot be told apart from nobody.
    """
    if not insiders.kept_by(username, Project.objects.known(to)):
        raise NotFound("Nobody of this name keeps a project here; check the spelling.")
    return User.objects.get(username=username)
