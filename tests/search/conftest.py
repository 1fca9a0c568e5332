"""An index to search in, made through the one gate."""

from __future__ import annotations

import pytest

from search import queries
from tests.factories import jobs
from tests.factories.index import submit
from tests.factories.people import UserFactory


@pytest.fixture
def owner():
    return UserFactory(trusted=True, username="keeper")


@pytest.fixture
def index(owner):
    """Publish projects by name with a summary, and let the jobs run."""

    def index(name: str, summary: str = "", version: str = "1.0", **options):
        extra = f"Summary: {summary}\n" if summary else ""
        extra += options.pop("extra_metadata", "")
        uploader = options.pop("uploader", owner)
        outcome = submit(uploader, name, version, extra_metadata=extra, **options)
        jobs.run_all()
        return outcome.project

    return index


@pytest.fixture
def found():
    def found(text: str, **options) -> list[str]:
        return [item.name for item in queries.search(text, **options).found]

    return found
