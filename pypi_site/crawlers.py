"""What search engines, browsers and security researchers look for at fixed addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

from django.conf import settings
from django.db.models import F, IntegerField, OuterRef, Subquery
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control

from packages.models import JournalEntry, Project
from packages.models.project import ProjectQuerySet
from pypi_site.lib import http
from pypi_site.lib.problems import NotFound

PAGE = 50_000  # addresses in one sitemap, by the protocol
XML = "application/xml"
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
HOUR, DAY = 3600, 24 * 3600
VALID_DAYS = 180  # RFC 9116 wants less than a year


@http.read_only
@cache_control(public=True, max_age=DAY)
def robots(request: HttpRequest) -> HttpResponse:
    """Crawlers read pages of projects; not files, nor what is written for programs."""
    context = {
        "open": settings.CRAWLERS,
        "sitemap": request.build_absolute_uri(reverse("sitemap")),
    }
    return render(request, "robots.txt", context, content_type="text/plain; charset=utf-8")


@http.read_only
@cache_control(public=True, max_age=DAY)
def opensearch(request: HttpRequest) -> HttpResponse:
    """How a browser searches here from its address bar (OpenSearch 1.1)."""
    context = {"search": request.build_absolute_uri(reverse("search"))}
    kind = "application/opensearchdescription+xml"
    return render(request, "opensearch.xml", context, content_type=kind)


@http.read_only
@cache_control(public=True, max_age=DAY)
def security(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a vulnerability (RFC 9116); 404 until the site says so."""
    if not settings.SECURITY_CONTACTS:
        raise NotFound("This site names nobody for reports of vulnerabilities.")
    expires = timezone.now().replace(hour=0, minute=0, second=0) + timedelta(days=VALID_DAYS)
    lines = [f"Contact: {contact}" for contact in settings.SECURITY_CONTACTS]
    lines.append(f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}")
    lines.append(f"Canonical: {request.build_absolute_uri(reverse('security'))}")
    if settings.SECURITY_POLICY:
        lines.append(f"Policy: {settings.SECURITY_POLICY}")
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")


# -- sitemaps: one for each range of keys, so that a page costs the same wherever it lies ---------


@http.read_only
@cache_control(public=True, max_age=HOUR)
def sitemap(request: HttpRequest) -> HttpResponse:
    """The list of sitemaps; of none when crawlers are not wanted."""
    parts = _listed().annotate(part=Cast(F("pk") / PAGE, IntegerField())).order_by("part")
    numbers = parts.values_list("part", flat=True).distinct()
    addresses = (request.build_absolute_uri(reverse("sitemap-page", args=[n])) for n in numbers)
    body = "".join(f"<sitemap><loc>{escape(each)}</loc></sitemap>\n" for each in addresses)
    text = f'{DECLARATION}<sitemapindex xmlns="{NAMESPACE}">\n{body}</sitemapindex>\n'
    return HttpResponse(text, content_type=XML)


@http.read_only
@cache_control(public=True, max_age=HOUR)
def sitemap_page(request: HttpRequest, number: int) -> HttpResponseBase:
    """The pages of the projects whose keys lie in one range."""
    projects = _listed().filter(pk__gte=number * PAGE, pk__lt=(number + 1) * PAGE)
    if not projects.exists():
        raise NotFound("There is no such sitemap; read /sitemap.xml for those that there are.")
    base = request.build_absolute_uri("/").rstrip("/")
    changed = JournalEntry.objects.filter(serial=OuterRef("serial")).values("at")
    rows = projects.annotate(at=Subquery(changed)).order_by("pk")
    found = rows.values_list("normalized_name", "at").iterator(chunk_size=5000)
    return StreamingHttpResponse(_urlset(base, found), content_type=XML)


def _listed() -> ProjectQuerySet:
    return Project.objects.listed() if settings.CRAWLERS else Project.objects.none()


def _urlset(base: str, rows: Iterable[tuple[str, datetime | None]]) -> Iterator[str]:
    yield f'{DECLARATION}<urlset xmlns="{NAMESPACE}">\n'
    for name, at in rows:
        changed = f"<lastmod>{at:%Y-%m-%dT%H:%M:%SZ}</lastmod>" if at else ""
        yield f"<url><loc>{base}/project/{name}/</loc>{changed}</url>\n"
    yield "</urlset>\n"
