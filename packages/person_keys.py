"""Ending every key that somebody could have left behind."""

from __future__ import annotations

from django.db import transaction

from accounts import tokens
from accounts.actors import Actor
from accounts.models import User
from packages import dossiers


@transaction.atomic
def revoke_all(user: User, *, actor: Actor, reason: str) -> int:
    """Revoke the tokens of `user`, and those of CI jobs by the publishers that he added.

    The publishers stay: their projects decide.  Returns how many tokens worked until now.
    """
    ended = tokens.revoke_all(user, actor=actor, reason=reason)
    minted = list(dossiers.minted_for(user))
    for token in minted:
        tokens.revoke(token, actor=actor, reason=reason)
    return ended + len(minted)
