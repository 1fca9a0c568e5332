"""The tables of the index, each with its QuerySet."""

from packages.models.downloads import (
    CountedLog,
    FileDay,
    FileMonth,
    ProjectDay,
    ProjectMonth,
)
from packages.models.file import Artifact, File
from packages.models.file_session import FileSession, FileStatus
from packages.models.former_name import FormerName
from packages.models.invitation import Invitation
from packages.models.journal import JournalEntry
from packages.models.project import Project, ProjectStatus
from packages.models.publisher import MintedToken, Publisher
from packages.models.purge import PendingPurge
from packages.models.reader import Reader
from packages.models.release import Release
from packages.models.role import Role, TokenProject
from packages.models.stage import Stage, StagedFile, StageStatus
from packages.models.team import Team, TeamMember, TeamRole

__all__ = [
    "Artifact",
    "CountedLog",
    "File",
    "FileDay",
    "FileMonth",
    "FileSession",
    "FileStatus",
    "FormerName",
    "Invitation",
    "JournalEntry",
    "MintedToken",
    "PendingPurge",
    "Project",
    "ProjectDay",
    "ProjectMonth",
    "ProjectStatus",
    "Publisher",
    "Reader",
    "Release",
    "Role",
    "Stage",
    "StageStatus",
    "StagedFile",
    "Team",
    "TeamMember",
    "TeamRole",
    "TokenProject",
]
