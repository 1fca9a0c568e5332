"""An environment for each publishing tool, from its pinned and hashed list (see `installations`).

twine6 is ``twine>=6,<7``; pdm is ``pdm[locked]``, as pdm 2.29 does not work with the newest of
what it needs.  twine 7 and uv stand in requirements-dev.txt.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.protocol import installations

LISTS = Path(__file__).resolve().parent


def programs(name: str, lists: Path = LISTS) -> Path:
    """The folder with the programs of the list `name`; made if there is none yet.

    Skips the test where the list cannot be had because no registry answers, but never in CI.
    """
    try:
        return installations.programs(lists / f"{name}.txt")
    except installations.Unreachable as error:
        if not os.environ.get("CI"):
            pytest.skip(str(error))
        pytest.fail(str(error), pytrace=False)
    except installations.CannotInstall as error:
        pytest.fail(str(error), pytrace=False)
