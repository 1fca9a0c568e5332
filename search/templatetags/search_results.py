"""Filters of the page of results."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from search import highlights

register = template.Library()


@register.filter
def highlighted(text: str) -> SafeString:
    """Text by strangers with the words asked for in ``<mark>``."""
    return highlights.as_html(text)


@register.filter
def unless_active(status: str) -> str:
    """What a badge says of a project, nothing for an active one."""
    return "" if status == "active" else status
