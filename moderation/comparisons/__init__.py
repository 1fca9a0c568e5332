"""What changed from the previous release's file to this one, as plain values."""

from moderation.comparisons.comparing import compare, of_file
from moderation.comparisons.diffs import Line
from moderation.comparisons.values import Change, Comparison, Limits, Side

__all__ = ["Change", "Comparison", "Limits", "Line", "Side", "compare", "of_file"]
