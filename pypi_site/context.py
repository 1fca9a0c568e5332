"""What every template may use."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """The name of this index, who may make an account, and whom to write to."""
    return {
        "SITE_NAME": settings.SITE_NAME,
        "SIGNUP": settings.SIGNUP,
        "MODERATORS_CONTACT": settings.MODERATORS_CONTACT,
    }
