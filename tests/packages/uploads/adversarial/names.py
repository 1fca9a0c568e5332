"""Names that nobody may have, or not this uploader."""

from __future__ import annotations

from functools import partial

from accounts.actors import SYSTEM, Actor
from accounts.models import User
from moderation.models import ProhibitedName
from packages import projects
from packages.uploads import staging
from tests.factories.index import held, published
from tests.factories.people import UserFactory, actor
from tests.packages.uploads.adversarial.attempts import WHEEL, Attempt, Row, form_row, wheel


def in_form(name: str | bytes) -> Attempt:
    """A good wheel, announced under another name."""
    return wheel().with_fields(name=name)


def in_metadata(name: str) -> Attempt:
    """A wheel whose METADATA says another name than form and filename."""
    lines = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    return wheel(replace={"*/METADATA": lines})


def of_project(name: str) -> Attempt:
    """A wheel that is right in itself, of a project with this name."""
    return wheel(name)


def _taken_by_somebody_else(user: User) -> None:
    published("demo", "0.1")


def _held_by_somebody_else(user: User) -> None:
    held("demo", "0.1")


def _prepared_by_somebody_else(user: User) -> None:
    staging.open_session(Actor(user=UserFactory(trusted=True)), "demo", "0.1")


def _prohibited(user: User) -> None:
    ProhibitedName.objects.create(name="demo-prohibited")


def _archived(user: User) -> None:
    projects.archive(published("demo", "0.1", uploader=user).project, actor=actor(user))


def _quarantined(user: User) -> None:
    projects.quarantine(published("demo", "0.1", uploader=user).project, actor=SYSTEM)


def _form(slug: str, name: str, item: int) -> Row:
    return Row(f"name-{slug}", partial(in_form, name), code="invalid-name", items=(item,))


def _metadata(slug: str, name: str, item: int) -> Row:
    build = partial(in_metadata, name)
    return Row(f"metadata-name-{slug}", build, "invalid-name", items=(item,))


def _reserved(name: str, filename: str) -> Row:
    return Row(
        f"name-reserved-{name}",
        partial(of_project, name),
        code="reserved-name",
        items=(6,),
        afterwards=WHEEL,
    )


OTHER = "another-1.0-py3-none-any.whl"

ROWS = [
    _form("with-newline-inside", "de\nmo", 1),
    Row(
        "name-with-newline-at-the-end",
        partial(in_form, "demo\n"),
        code="invalid-name",
        items=(1,),
    ),
    _form("right-to-left", "demo\u202e", 2),
    _form("umlauts", "d\u00f6m\u00f6", 2),
    _form("long-s", "\u017fdemo", 2),
    _form("cyrillic-e", "d\u0435mo", 2),
    _form("fullwidth", "\uff44\uff45\uff4d\uff4f", 2),
    _form("hyphen-first", "-demo", 3),
    _form("hyphen-last", "demo-", 3),
    _form("underscore-first", "_demo", 3),
    _form("dot", ".", 3),
    _form("dots", "..", 3),
    _form("underscore", "_", 3),
    _form("300-characters", "d" * 300, 3),
    _form("129-characters", "d" * 129, 3),
    _form("space", "de mo", 3),
    form_row("name-empty", "'name' is missing", partial(in_form, ""), 3),
    form_row("name-white-space", "'name' is missing", partial(in_form, " \t "), 3),
    form_row("name-UNKNOWN", "'name' is missing", partial(in_form, "UNKNOWN"), 3),
    form_row("name-NUL", "NUL", partial(in_form, "demo\0"), 4),
    _form("path", "demo/../django", 4),
    _form("percent-encoded-slash", "demo%2fdjango", 4),
    _form("backslash", "demo\\django", 4),
    _form("markup", "<b>demo</b>", 4),
    _metadata("umlauts", "d\u00f6m\u00f6", 2),
    _metadata("right-to-left", "demo\u202e", 2),
    _metadata("hyphen-first", "-demo", 3),
    _metadata("129-characters", "d" * 129, 3),
    _metadata("path", "../demo", 4),
    _metadata("empty", "", 3),
    Row(
        "name-of-somebody-else",
        lambda: wheel("Demo"),
        code="not-your-project",
        status=403,
        items=(5,),
        before=_taken_by_somebody_else,
        afterwards=OTHER,
    ),
    Row(
        "name-held-for-somebody-else",
        lambda: wheel("DEMO"),
        code="not-your-project",
        status=403,
        items=(8,),
        before=_held_by_somebody_else,
        afterwards=OTHER,
    ),
    Row(
        "name-reserved-by-a-session",
        lambda: wheel("demo"),
        code="not-your-project",
        status=403,
        items=(8,),
        before=_prepared_by_somebody_else,
        afterwards=OTHER,
    ),
    Row(
        "name-of-the-standard-library",
        partial(of_project, "json"),
        "standard-library-name",
        "refused-by-policy",
        items=(6,),
        afterwards=WHEEL,
    ),
    Row(
        "name-prohibited",
        partial(of_project, "Demo.Prohibited"),
        "prohibited-name",
        "refused-by-policy",
        items=(6,),
        before=_prohibited,
        afterwards=WHEEL,
    ),
    _reserved("con", "con"),
    _reserved("NUL", "nul"),
    _reserved("com1", "com1"),
    _reserved("namespaces", "namespaces"),
    _reserved("requirements.txt", "requirements_txt"),
    Row(
        "project-archived",
        wheel,
        code="project-takes-no-uploads",
        status=403,
        before=_archived,
        afterwards=OTHER,
    ),
    Row(
        "project-quarantined",
        wheel,
        code="project-takes-no-uploads",
        status=403,
        before=_quarantined,
        afterwards=OTHER,
    ),
]
