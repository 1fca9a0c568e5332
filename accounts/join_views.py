"""``/accounts/join/<key>/``: where the link of an invitation leads."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import invitations, signup


@never_cache
@require_safe
def join(request: HttpRequest, key: str) -> HttpResponse:
    """Open the sign-up form for the address that the link was sent to, which is proven thereby.

    Whoever has an account is led to what he is invited to.
    """
    email = invitations.read(key)
    if request.user.is_authenticated or (email and signup.verified_owner(email)):
        return redirect("invitations")
    if email is None or not invitations.is_invited(email):
        return render(request, "accounts/invitation_over.html", status=410)
    request.session[signup.INVITED] = email
    get_adapter(request).stash_verified_email(request, email)
    return redirect("account_signup")
