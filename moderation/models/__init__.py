"""Prohibited names, what lies on the desk, and what was decided."""

from moderation.models.desk import Decision, HeldUpload
from moderation.models.names import ProhibitedName, SimilarityException, validate_name
from moderation.models.popular import PopularNames

__all__ = [
    "Decision",
    "HeldUpload",
    "PopularNames",
    "ProhibitedName",
    "SimilarityException",
    "validate_name",
]
