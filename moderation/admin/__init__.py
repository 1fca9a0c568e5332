"""The moderators' desks, one module each."""

from moderation.admin import cases, held, likenesses, names

__all__ = ["cases", "held", "likenesses", "names"]
