"""What the tests of policies share."""

from __future__ import annotations

from moderation.models import PolicySetting
from moderation.policies import settings


def set_policy(code: str, **facts) -> None:
    """Set a policy as `tuning.change` does, without anybody who is asked why."""
    PolicySetting.objects.update_or_create(code=code, defaults=facts)
    settings.forget()
