"""Every address of the site, and what it answers to each method."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
APPS = ("accounts", "packages", "moderation", "search")


def routes(
    resolver: URLResolver | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Each route as the resolver spells it, with its pattern."""
    for each in (resolver or get_resolver()).url_patterns:
        route = f"{prefix}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from routes(each, route)
        else:
            yield route, each


def verbs() -> Iterator[str]:
    """Every public function of ours that takes an `actor`, by the module that has it."""
    for app in APPS:
        for module in _modules(app):
            for name, function in inspect.getmembers(module, inspect.isfunction):
                own = inspect.unwrap(function).__module__ == module.__name__
                if own and not name.startswith("_") and _takes_actor(function):
                    yield f"{module.__name__}.{name}"


def _modules(app: str) -> Iterator[object]:
    package = importlib.import_module(app)
    for found in pkgutil.walk_packages(package.__path__, f"{app}."):
        if ".migrations" not in found.name and ".management" not in found.name:
            yield importlib.import_module(found.name)


def _takes_actor(function: object) -> bool:
    assert callable(function)
    return "actor" in inspect.signature(inspect.unwrap(function)).parameters
