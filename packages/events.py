"""What happened, for the apps above.  Receivers only enqueue jobs; jobs may run twice.

Each signal is sent inside the transaction of the change, with the model class as sender.  Where
a person decided, `event` is the row of the audit trail that tells who and why.
"""

from django.dispatch import Signal

file_published = Signal()  # file: File
file_deleted = Signal()  # file: File, event: AuditEvent
file_restored = Signal()  # file: File, event: AuditEvent
file_yanked = Signal()  # file: File, event: AuditEvent
file_unyanked = Signal()  # file: File, event: AuditEvent
file_quarantined = Signal()  # file: File, event: AuditEvent
file_cleared = Signal()  # file: File, event: AuditEvent
release_yanked = Signal()  # release: Release, event: AuditEvent
release_unyanked = Signal()  # release: Release, event: AuditEvent
release_quarantined = Signal()  # release: Release, event: AuditEvent
release_cleared = Signal()  # release: Release, event: AuditEvent
release_deleted = Signal()  # release: Release, event: AuditEvent (all its files are in the bin)
release_restored = Signal()  # release: Release, event: AuditEvent
project_registered = Signal()  # project: Project, actor: Actor
project_status_changed = Signal()  # project: Project, event: AuditEvent
project_privacy_changed = Signal()  # project: Project, event: AuditEvent
project_deleted = Signal()  # project: Project, event: AuditEvent
project_restored = Signal()  # project: Project, event: AuditEvent
project_renamed = Signal()  # project: Project, event: AuditEvent (before: name, normalized_name)
role_changed = Signal()  # project: Project, event: AuditEvent
team_changed = Signal()  # team: Team, event: AuditEvent, people: list[int] whom it concerns
publishers_changed = Signal()  # project: Project, event: AuditEvent
stage_held = Signal()  # stage: Stage; again when other reasons take the place of the first
concerns_observed = Signal()  # project: Project, verdicts: list[Verdict], of a file or its name
stage_published = Signal()  # stage: Stage, without a row if it is a plain upload
stage_rejected = Signal()  # stage: Stage, reason: str

by_people = (
    *(file_deleted, file_restored, file_yanked, file_unyanked, file_quarantined, file_cleared),
    *(release_yanked, release_unyanked, release_quarantined, release_cleared),
    *(release_deleted, release_restored),
    *(project_status_changed, project_privacy_changed, project_deleted, project_restored),
    *(project_renamed, role_changed),
    publishers_changed,
)
