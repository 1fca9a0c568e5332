"""Code and documentation in step: what one names, the other names."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command, get_commands
from django.dispatch import Signal
from django.urls import URLPattern, URLResolver

from moderation import events as desk
from moderation import policies
from packages import events
from pypi_site import api_urls, urls

ROOT = Path(__file__).parents[2]
OURS = ("accounts", "packages", "search", "moderation", "pypi_site")
VARIABLE = re.compile(r"\b(?:GATEHOUSE_[A-Z0-9_]+|DATABASE_URL)\b")
# What our processes tell each other; nobody sets it by hand.
INTERNAL = {"GATEHOUSE_SUPERVISED"}
# Described by their root: what lies below is the protocol's (PEP 694).
PROTOCOLS = ("/upload/2.0/", "/stages/<>/")


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def both() -> str:
    return text_of("configuration.md") + text_of("architecture.md")


# -- settings ------------------------------------------------------------------------------------


def sources() -> list[Path]:
    """Everything that reads the environment: the site, its commands, and how they are started."""
    python = [path for app in OURS for path in (ROOT / app).rglob("*.py")]
    started = [ROOT / "deploy" / "gunicorn.py", *(ROOT / "bin").glob("*.py"), ROOT / "manage.py"]
    return [path for path in [*python, *started] if "migrations" not in path.parts]


def variables_read() -> set[str]:
    found = set(VARIABLE.findall((ROOT / "bin" / "python").read_text()))
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and VARIABLE.fullmatch(value):
                found.add(value)
    return found - INTERNAL


def variables_described() -> set[str]:
    """Those that a table of the page gives a row."""
    rows = re.findall(r"^\|\s*`([A-Z0-9_]+)`", text_of("configuration.md"), re.MULTILINE)
    return {name for name in rows if VARIABLE.fullmatch(name)}


def test_every_variable_that_is_read_is_described():
    assert len(variables_read()) > 30
    assert variables_read() - variables_described() == set()


def test_every_variable_that_is_described_is_read():
    assert variables_described() - variables_read() == set()


def test_no_variable_is_described_twice():
    rows = re.findall(r"^\|\s*`([A-Z0-9_]+)`", text_of("configuration.md"), re.MULTILINE)
    assert sorted(rows) == sorted(set(rows))


def test_every_variable_that_any_page_mentions_exists():
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    mentioned = {name for page in pages for name in VARIABLE.findall(page.read_text())}
    assert mentioned - variables_read() - INTERNAL == set()


# -- events, policies, addresses, commands -------------------------------------------------------


def test_every_event_is_described():
    announced = {**vars(events), **vars(desk)}
    names = [name for name, value in announced.items() if isinstance(value, Signal)]
    assert len(names) >= 9
    assert [name for name in names if f"`{name}`" not in text_of("architecture.md")] == []


def test_every_policy_that_comes_along_is_described():
    made = [name for name in policies.__all__ if hasattr(getattr(policies, name), "known")]
    names = [f"moderation.policies.{name}" for name in made]
    assert len(names) >= 3
    assert [name for name in names if f"`{name}`" not in both()] == []


def test_every_policy_that_is_switched_on_exists_and_is_described(settings):
    assert [path for path in settings.UPLOAD_POLICIES if f"`{path}`" not in both()] == []


def routes(patterns, prefix: str = "/") -> list[str]:
    """Every address of ours; of what others bring (allauth, the admin) only where it hangs."""
    found = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.append(route)
        elif isinstance(pattern, URLResolver) and _is_ours(pattern):
            found += routes(pattern.url_patterns, route)
        else:
            found.append(route)
    return found


def _is_ours(resolver: URLResolver) -> bool:
    return all(
        isinstance(pattern, URLPattern) and pattern.callback.__module__.split(".")[0] in OURS
        for pattern in resolver.url_patterns
    )


def without_placeholders(text: str) -> str:
    return re.sub(r"<[^<>\s]*>|\{[^{}\s]*\}", "<>", text)


def test_every_address_is_described():
    """As ``/simple/<name>/``, whatever the placeholder is called."""
    described = without_placeholders(both())
    ours = [route for route in routes(urls.urlpatterns) if not route.startswith("/^")]
    # The metadata beside a file is described with the file.
    ours = [without_placeholders(route.removesuffix(".metadata")) for route in ours]
    ours = [next(filter(route.startswith, PROTOCOLS), route) for route in ours]
    assert len(ours) > 20
    assert [route for route in ours if route.rstrip("/") not in described] == []


def test_every_resource_of_the_api_is_described():
    registered = [f"/api/v1/{prefix}/" for prefix, _, _ in api_urls.router.registry]
    assert registered
    assert [address for address in registered if address not in text_of("architecture.md")] == []


def test_every_command_is_described():
    names = [name for name, app in get_commands().items() if str(app).split(".")[0] in OURS]
    assert len(names) >= 4
    assert [name for name in names if f"`{name}" not in both() and f" {name}" not in both()] == []


# -- the shape of the code -----------------------------------------------------------------------


def named_in_the_contract() -> set[str]:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = configuration["tool"]["importlinter"]["contracts"]
    layers = next(item for item in contracts if item["name"] == "Imports point down")["layers"]
    return {name.strip() for layer in layers for name in re.split(r"[|:]", layer)}


def test_every_module_of_the_site_stands_in_the_import_contract():
    folder = ROOT / "pypi_site"
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in folder.glob("*/__init__.py")}
    named = named_in_the_contract()
    assert {f"pypi_site.{module}" for module in modules} - named == set()


def test_every_app_stands_in_the_import_contract():
    assert {name.split(".")[0] for name in named_in_the_contract()} == set(OURS)


def models() -> list[type]:
    return [model for app in OURS[:-1] for model in apps.get_app_config(app).get_models()]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_model_says_what_a_row_of_it_is(model):
    own = next(kind for kind in model.__mro__ if "__str__" in vars(kind))
    assert own.__module__ != "django.db.models.base"


def test_no_migration_is_missing(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
