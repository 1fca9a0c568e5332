"""The moderators' desk: the queue, the case, and what they look after besides."""

from moderation.admin import cases, held, likenesses, names, policies, prefixes

__all__ = ["cases", "held", "likenesses", "names", "policies", "prefixes"]
