"""What staff does about a person, as the admin offers it: which right it takes, what it asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.models import Group, Permission

from accounts import people, powers, recoveries, sessions
from accounts.actors import Actor
from accounts.models import User
from packages import dossiers, person_deletion, person_keys

CHANGE_USER = "accounts.change_user"
RECOVER_USER = "accounts.recover_user"
FREEZE_PERSON = "moderation.freeze_person"  # who freezes from the desk may here, too
ADMINISTRATOR = "administrator"  # no permission: superusers


class ReasonForm(forms.Form):
    """Why: that is all that most verbs ask."""

    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 4, "cols": 80}), max_length=5000)

    def __init__(self, user: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user
        self.fill()

    def fill(self) -> None:
        """What the form shows of the person before anything is written."""

    def facts(self) -> dict[str, Any]:
        """The arguments of the verb, besides person, actor and reason."""
        return {}


class RecoverForm(ReasonForm):
    """Where the way back leads."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="Of which you know that he reads it. It becomes the only one.",
    )
    field_order = ("email", "reason")

    def fill(self) -> None:
        self.fields["email"].initial = self.user.verified_email or self.user.email

    def facts(self) -> dict[str, Any]:
        return {"email": self.cleaned_data["email"]}


class RightsForm(ReasonForm):
    """What somebody may do on the site."""

    is_staff = forms.BooleanField(
        label="Staff", required=False, help_text="Sees the administration, with the rights below."
    )
    is_superuser = forms.BooleanField(
        label="Administrator", required=False, help_text="Has every right."
    )
    groups = forms.ModelMultipleChoiceField(Group.objects.order_by("name"), required=False)
    permissions = forms.ModelMultipleChoiceField(
        Permission.objects.none(),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 16}),
    )
    field_order = ("is_staff", "is_superuser", "groups", "permissions", "reason")

    def fill(self) -> None:
        every = Permission.objects.select_related("content_type")
        self.fields["permissions"].queryset = every  # type: ignore[attr-defined]
        for name in ("is_staff", "is_superuser"):
            self.fields[name].initial = getattr(self.user, name)
        self.fields["groups"].initial = self.user.groups.all()
        self.fields["permissions"].initial = self.user.user_permissions.all()

    def facts(self) -> dict[str, Any]:
        chosen = self.cleaned_data
        flags = [name for name in ("is_staff", "is_superuser") if chosen[name]]
        return {
            "flags": flags,
            "groups": chosen["groups"],
            "permissions": chosen["permissions"],
        }


@dataclass(frozen=True)
class Verb:
    """One thing to do: `offered` says about whom, `rights` who may (one of them suffices)."""

    name: str
    label: str
    done: str
    act: Callable[..., object]
    rights: tuple[str, ...]
    hint: str
    offered: Callable[[dossiers.Dossier], bool] = lambda dossier: True
    form: type[ReasonForm] = ReasonForm
    grave: bool = False
    final: bool = False  # there is no such person afterwards

    def allowed(self, actor: Actor) -> bool:
        if ADMINISTRATOR in self.rights:
            return bool(actor.user and actor.user.is_superuser)
        return any(actor.may(right) for right in self.rights)


def _active(dossier: dossiers.Dossier) -> bool:
    return dossier.account.user.is_active


def _trusted(dossier: dossiers.Dossier) -> bool:
    return dossier.account.user.trusted_at is not None


def _waits(dossier: dossiers.Dossier) -> bool:
    return dossier.account.recovery is not None


_ALL = (
    Verb(
        "freeze",
        "Freeze",
        "frozen",
        people.freeze,
        (CHANGE_USER, FREEZE_PERSON),
        "Nobody signs in to the account and none of its tokens works, until it is unfrozen. It is"
        " signed out everywhere. What it published stays. Its owner reads the reason.",
        offered=_active,
        grave=True,
    ),
    Verb(
        "unfreeze",
        "Unfreeze",
        "not frozen any more",
        people.unfreeze,
        (CHANGE_USER, FREEZE_PERSON),
        "Its owner signs in again, and tokens that are neither revoked nor expired work again: if"
        " somebody else had them, revoke them first. Its owner reads the reason.",
        offered=lambda dossier: not _active(dossier),
    ),
    Verb(
        "sign-out",
        "Sign out everywhere",
        "signed out everywhere",
        sessions.end_all,
        (CHANGE_USER,),
        "Every browser asks for password and second factor again, and counts as a new device.",
    ),
    Verb(
        "revoke",
        "Revoke all tokens",
        "without tokens now",
        person_keys.revoke_all,
        (CHANGE_USER,),
        "His API tokens, and those of CI jobs by publishers that he added, are useless for good."
        " The publishers stay: remove those that nobody knows in the settings of their projects.",
        grave=True,
    ),
    Verb(
        "recover",
        "Recover the account",
        "announced; its owner is told at every address",
        recoveries.begin,
        (RECOVER_USER,),
        "For somebody who has lost his way in, or whose account was taken (freeze it first). Write"
        " how he proved who he is and where that can be read. Nothing changes until somebody else"
        " of the staff finishes it, or you when its owner has had time to object.",
        offered=lambda dossier: not _waits(dossier),
        form=RecoverForm,
    ),
    Verb(
        "finish-recovery",
        "Finish the recovery",
        "recovered; the way back goes to the new address",
        recoveries.finish,
        (RECOVER_USER,),
        "Password, second factors, connected accounts, sessions and tokens end; the new address is"
        " the only one and gets the way to a new password. A frozen account stays frozen.",
        offered=_waits,
        grave=True,
    ),
    Verb(
        "cancel-recovery",
        "Cancel the recovery",
        "as it was; the recovery is cancelled",
        recoveries.cancel,
        (RECOVER_USER,),
        "The account stays as it is, and its owner is told.",
        offered=_waits,
    ),
    Verb(
        "trust",
        "Trust",
        "trusted",
        people.trust,
        (CHANGE_USER,),
        "His new projects are published without a moderator.",
        offered=lambda dossier: not _trusted(dossier),
    ),
    Verb(
        "distrust",
        "Distrust",
        "not trusted any more",
        people.distrust,
        (CHANGE_USER,),
        "The first release of each of his new projects waits for a moderator.",
        offered=_trusted,
    ),
    Verb(
        "rights",
        "Change the rights",
        "changed; he is told",
        powers.give,
        (ADMINISTRATOR,),
        "What he may do on this site is exactly what is chosen here.",
        form=RightsForm,
        grave=True,
    ),
    Verb(
        "delete",
        "Delete the account",
        "deleted",
        person_deletion.delete,
        (ADMINISTRATOR,),
        "For good: its keys, roles and memberships end, and somebody else may take the user name."
        " What it published stays. It is refused while nobody else owns a project or a team of its"
        " own. To keep somebody out, freeze him.",
        grave=True,
        final=True,
    ),
)
VERBS = {verb.name: verb for verb in _ALL}


def offered(dossier: dossiers.Dossier, actor: Actor) -> list[Verb]:
    """What the actor may do about this person now."""
    return [verb for verb in _ALL if verb.allowed(actor) and verb.offered(dossier)]
