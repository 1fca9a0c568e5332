"""What policies hold."""

from __future__ import annotations

from packages.models import Stage


class HeldUpload(Stage):
    """A stage as it lies on a moderator's desk; it carries the permission to decide."""

    class Meta:
        proxy = True
        ordering = ["created_at", "pk"]
        verbose_name = "held upload"
        default_permissions = ()
        permissions = [("decide_heldupload", "Can approve and reject held uploads")]
