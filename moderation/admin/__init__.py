"""The moderators' desks, one module each."""

from moderation.admin import held, likenesses, names

__all__ = ["held", "likenesses", "names"]
