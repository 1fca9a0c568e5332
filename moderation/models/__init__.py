"""Prohibited names, what lies on the desk, what was reported, and what was decided."""

from moderation.models.appeals import Appeal, AppealOutcome
from moderation.models.cases import LIVE, Case, CaseKind, CaseState, Concerned, Note, Severity
from moderation.models.decisions import (
    Decision,
    DecisionKind,
    DecisionState,
    ReadyReason,
    Step,
)
from moderation.models.desk import HeldUpload
from moderation.models.names import ProhibitedName, SimilarityException, validate_name
from moderation.models.observations import Observation, ObservationKind, Outcome, Source
from moderation.models.popular import PopularNames
from moderation.models.removals import Removal
from moderation.models.rules import Action, DryRun, PolicySetting, ReservedPrefix
from moderation.models.subjects import Subject

__all__ = [
    "LIVE",
    "Action",
    "Appeal",
    "AppealOutcome",
    "Case",
    "CaseKind",
    "CaseState",
    "Concerned",
    "Decision",
    "DecisionKind",
    "DecisionState",
    "DryRun",
    "HeldUpload",
    "Note",
    "Observation",
    "ObservationKind",
    "Outcome",
    "PolicySetting",
    "PopularNames",
    "ProhibitedName",
    "ReadyReason",
    "Removal",
    "ReservedPrefix",
    "Severity",
    "SimilarityException",
    "Source",
    "Step",
    "Subject",
    "validate_name",
]
