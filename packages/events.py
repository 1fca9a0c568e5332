"""What happened, for the apps above.  Receivers only enqueue jobs; jobs may run twice.

Each signal is sent inside the transaction of the change, with the model class as sender.
"""

from django.dispatch import Signal

file_published = Signal()  # file: File
file_deleted = Signal()  # file: File
file_restored = Signal()  # file: File
release_yanked = Signal()  # release: Release
release_unyanked = Signal()  # release: Release
project_registered = Signal()  # project: Project, actor: Actor
project_status_changed = Signal()  # project: Project
stage_held = Signal()  # stage: Stage
stage_published = Signal()  # stage: Stage, without a row if it is a plain upload
stage_rejected = Signal()  # stage: Stage, reason: str
