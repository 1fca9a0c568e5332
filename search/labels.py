"""Classifiers and licences by number, so that a row holds integers and not sentences."""

from __future__ import annotations

from collections.abc import Iterable

from search.models import Label

CLASSIFIER, LICENSE = "classifier", "license"
SEPARATOR = " :: "


def with_parents(classifiers: Iterable[str]) -> list[str]:
    """``A :: B :: C`` is found under ``A :: B``, too; the first part alone says nothing."""
    found: dict[str, None] = {}
    for classifier in classifiers:
        parts = classifier.split(SEPARATOR)
        found |= dict.fromkeys(SEPARATOR.join(parts[:n]) for n in range(2, len(parts) + 1))
    return [value for value in found if len(value) <= 200]


def keys(field: str, values: Iterable[str]) -> list[int]:
    """The numbers of these values; new ones get theirs now."""
    wanted = sorted(set(values))
    known = _known(field, wanted) if wanted else {}
    if missing := [value for value in wanted if value not in known]:
        fresh = [Label(field=field, value=value) for value in missing]
        Label.objects.bulk_create(fresh, ignore_conflicts=True)
        known |= _known(field, missing)
    return sorted(known.values())


def _known(field: str, values: list[str]) -> dict[str, int]:
    found = Label.objects.filter(field=field, value__in=values)
    return dict(found.values_list("value", "pk"))


def matching(text: str) -> list[int]:
    """Classifiers meant by `text`: the whole, or one of its parts, whatever the case."""
    whole = Label.objects.filter(field=CLASSIFIER, value__iexact=text)
    if found := list(whole.values_list("pk", flat=True)):
        return found
    ending = Label.objects.filter(field=CLASSIFIER, value__iendswith=f"{SEPARATOR}{text}")
    return list(ending.values_list("pk", flat=True))


def like(field: str, text: str, limit: int) -> list[str]:
    """Values that contain `text`, short ones first."""
    found = Label.objects.filter(field=field, value__icontains=text)
    values = list(found.values_list("value", flat=True)[:500])
    return sorted(values, key=lambda value: (len(value), value))[:limit]


def names(numbers: Iterable[int]) -> dict[int, str]:
    return dict(Label.objects.filter(pk__in=list(numbers)).values_list("pk", "value"))
