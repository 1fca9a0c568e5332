"""Classifiers and licences by number, so that a row holds integers and not sentences."""

from __future__ import annotations

from collections.abc import Iterable

from search.models import Label

CLASSIFIER, LICENSE = "classifier", "license"
SEPARATOR = " :: "
Value = tuple[str, str]  # a field, and what stands in it


def with_parents(classifiers: Iterable[str]) -> list[str]:
    """``A :: B :: C`` is found under ``A :: B``, too; the first part alone says nothing."""
    found: dict[str, None] = {}
    for classifier in classifiers:
        parts = classifier.split(SEPARATOR)
        found |= dict.fromkeys(SEPARATOR.join(parts[:n]) for n in range(2, len(parts) + 1))
    return [value for value in found if len(value) <= 200]


def numbers(wanted: Iterable[Value]) -> dict[Value, int]:
    """The numbers of these values, each with its field; new ones get theirs now."""
    every = sorted(set(wanted))
    known = _known(every)
    if missing := [value for value in every if value not in known]:
        fresh = [Label(field=field, value=value) for field, value in missing]
        Label.objects.bulk_create(fresh, ignore_conflicts=True)
        known |= _known(missing)
    return known


def _known(values: list[Value]) -> dict[Value, int]:
    if not values:
        return {}
    fields, texts = {field for field, _ in values}, {text for _, text in values}
    found = Label.objects.filter(field__in=fields, value__in=texts)
    return {(field, text): pk for field, text, pk in found.values_list("field", "value", "pk")}


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
