"""What people were told, and what they want to be told."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.people import User


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Which of them somebody finds on the site."""

    def of(self, user: User) -> NoticeQuerySet:
        return self.filter(user=user, shown=True)

    def unread(self) -> NoticeQuerySet:
        return self.filter(shown=True, read_at__isnull=True)


class Notice(models.Model):
    """One message to one person.  He finds it on the site if `shown`; `mailed_at` says when it
    went by e-mail.  Of one `occasion` he is told once, however often the job runs.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=32)
    occasion = models.CharField(max_length=160, blank=True)
    title = models.CharField(max_length=300)
    text = models.TextField()
    link = models.CharField(max_length=300, blank=True, help_text="A path on this site.")
    shown = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "occasion"],
                condition=~Q(occasion=""),
                name="of_one_occasion_somebody_is_told_once",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="notices_of"),
            models.Index(
                fields=["user"], condition=Q(shown=True, read_at=None), name="notices_unread"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class NoticeChoice(models.Model):
    """How somebody wants to be told of one kind; who has chosen nothing gets what is usual."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notice_choices")
    kind = models.CharField(max_length=32)
    by_email = models.BooleanField()
    on_site = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="one_choice_for_each_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"
