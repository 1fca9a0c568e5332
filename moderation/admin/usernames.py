"""Fields that name people by their usernames: nobody needs a right to look among accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.models import User


class OwnerField(forms.ModelChoiceField):
    """Somebody, or nobody."""

    widget = forms.TextInput
    default_error_messages = {
        "invalid_choice": "Nobody with an account here is called so; correct the username, or leave"
        " it empty and give the new name."
    }

    def __init__(self, help_text: str) -> None:
        super().__init__(
            User.objects.filter(is_active=True),
            to_field_name="username",
            required=False,
            label="Owner (username)",
            help_text=help_text,
        )

    def to_python(self, value: Any) -> User | None:
        written = value.replace("\0", "").strip() if isinstance(value, str) else value
        found: User | None = super().to_python(written)
        return found


class PeopleField(forms.CharField):
    """Several people, or none; somebody whose account is frozen meanwhile stays among them."""

    widget = forms.Textarea

    def __init__(self, label: str, help_text: str) -> None:
        super().__init__(label=label, help_text=help_text, required=False)
        self.widget.attrs.update(rows=2, cols=80)

    def prepare_value(self, value: Any) -> str:
        """What stands in the field: what was written, or who they are."""
        if value is None or isinstance(value, str):
            return value or ""
        return ", ".join(sorted(user.username for user in value))

    def clean(self, value: Any) -> list[User]:  # type: ignore[override]
        wanted = set(super().clean(value).replace(",", " ").split())
        found = list(User.objects.filter(username__in=wanted).order_by("username"))
        if unknown := wanted - {user.username for user in found}:
            raise forms.ValidationError(_unknown(sorted(unknown)))
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != (data or "").strip()


def _unknown(usernames: Iterable[str]) -> str:
    called = ", ".join(name[:150] for name in usernames)
    return f"Nobody with an account here is called so: {called}. Correct the usernames."
