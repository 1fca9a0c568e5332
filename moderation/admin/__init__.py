"""The moderators' desks, one module each."""

from moderation.admin import held, names

__all__ = ["held", "names"]
