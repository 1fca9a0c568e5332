"""Addresses that need no row: whatever they tell is for everybody who may read here.

Who reads what of a project, in which kind of index, is asked of each of them by
`tests/packages/test_private.py`; here they only have to change nothing, by whatever method.
"""

from __future__ import annotations

READ_BY_ALL = {
    "",
    "healthz",
    "robots.txt",
    "opensearch.xml",
    ".well-known/security.txt",
    ".well-known/pytp",
    "sitemap.xml",
    "sitemaps/<int:number>.xml",
    "simple/",
    "simple",
    "simple/<project:name>/",
    "simple/<project:name>",
    "files/<sha256:sha256>/<filename:filename>",
    "files/<sha256:sha256>/<filename:filename>.metadata",
    "packages/<sha256:sha256>/<filename:filename>",
    "legacy",
    "legacy/+simple/<project:name>/",
    "legacy/<project:name>/<version:version>/",
    "upload/2.0",
    "stages/<token:token>/",
    "stages/<token:token>/<project:name>/",
    "stages/<token:token>/files/<sha256:sha256>/<filename:filename>",
    "stages/<token:token>/files/<sha256:sha256>/<filename:filename>.metadata",
    "api/v1/projects/<project:name>/downloads/",
    "api/v1/removals/",
    "api/v1/search/",
    "api/v1/suggest/",
    "api/v1/^projects/$",
    r"api/v1/^projects\.(?P<format>[a-z0-9]+)/?$",
    # never reached: the pattern before it takes the dot for a part of the name
    r"api/v1/^projects/(?P<pk>[A-Za-z0-9][A-Za-z0-9._-]*)\.(?P<format>[a-z0-9]+)/?$",
    "api/v1/",
    "api/v1/<drf_format_suffix:format>",
    "pypi/<project:name>/json",
    "pypi/<project:name>/json/",
    "pypi/<project:name>/<version:version>/json",
    "pypi/<project:name>/<version:version>/json/",
    "feeds/releases.<feed:form>",
    "feeds/projects.<feed:form>",
    "feeds/project/<project:name>/releases.<feed:form>",
    "feeds/user/<str:username>/releases.<feed:form>",
    "feeds/user/<str:username>/projects.<feed:form>",
    "feeds/removals.<feed:form>",
    "rss/updates.xml",
    "rss/packages.xml",
    "rss/project/<project:name>/releases.xml",
    "project/<project:name>/",
    "project/<project:name>/<version:version>/",
    "removals/",
    "search/",
    "help/problems/",
    "help/apis/",
    # whoever has the link of an invitation
    "accounts/join/<str:key>/",
    "_/oidc/audience",
    # XML-RPC only tells
    "pypi",
    "pypi/",
    "RPC2",
}
# Links of former years, and the admin's own: they lead on.
LEADS_ON = "pypi_site.legacy_urls", "django.views.generic", "pypi_site.lib.http"
# Sign-in and all that belongs to one's own account there: allauth's, and the admin's page of it.
LIBRARYS = "allauth."
ADMINS_OWN = {
    "admin/login/",
    "admin/logout/",
    "admin/password_change/",
    "admin/password_change/done/",
    "admin/autocomplete/",
    "admin/jsi18n/",
    "admin/r/<path:content_type_id>/<path:object_id>/",
    "admin/(?P<url>.*)$",
}
# Of one's own and only to look at: the method is not asked.
ONLY_SHOWN = {"accounts/decisions/", "accounts/reports/"}


def is_read_by_all(route: str, view: object) -> bool:
    """Whether the address needs no row."""
    module = getattr(view, "__module__", "")
    if route in READ_BY_ALL or route in ADMINS_OWN or module.startswith((*LEADS_ON, LIBRARYS)):
        return True
    return route.startswith("^(?:")  # what matches when nothing else has
