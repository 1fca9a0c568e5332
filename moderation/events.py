"""What happened on the desk, for whoever tells people.  Receivers only enqueue jobs.

Each signal is sent inside the transaction of the change, with the model class as sender.
"""

from django.dispatch import Signal

case_opened = Signal()  # case: Case
case_decided = Signal()  # case: Case, decision: Decision
case_undone = Signal()  # case: Case, decision: Decision (undone_by, undone_reason)
decision_appealed = Signal()  # case: Case, appeal: Appeal
decision_proposed = Signal()  # case: Case, decision: Decision (waits for another moderator)
observation_filed = Signal()  # observation: Observation
case_handed_over = Signal()  # case: Case, note: Note, to: User
uploader_asked = Signal()  # case: Case, note: Note
uploader_answered = Signal()  # case: Case, note: Note
