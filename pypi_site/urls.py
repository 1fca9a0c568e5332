"""Every URL of the site; those of the JSON API stand in `api_urls`."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path

from accounts import history_views, join_views, leaks, notice_views, session_views
from moderation import appeal_views, removal_views, report_views
from moderation import views as case_pages
from packages import (
    feed_views,
    file_views,
    invitation_views,
    legacy_json_views,
    oidc_views,
    people_views,
    project_team_views,
    publisher_views,
    release_views,
    settings_views,
    stage_views,
    team_views,
    token_views,
)
from packages import history_views as project_history
from packages import views as pages
from packages.simple import files, previews
from packages.simple import views as simple
from packages.uploads import legacy, sessions
from pypi_site import api_urls, crawlers, health, help_pages, legacy_urls, problem_pages
from pypi_site.lib import http
from search import views as search

SESSION = [
    path("", sessions.session),
    path("publish/", sessions.publish),
    path("extend/", sessions.extend),
    path("files/", sessions.files),
    path("files/<uuid:file>/", sessions.file),
    path("files/<uuid:file>/content/", sessions.content),
    path("files/<uuid:file>/complete/", sessions.complete),
    path("files/<uuid:file>/extend/", sessions.extend_file),
]

STAGES = [
    path("", stage_views.stages, name="project-stages"),
    path("switch/", stage_views.switch, name="project-staging"),
    path("<uuid:session>/publish/", stage_views.publish, name="project-stage-publish"),
    path("<uuid:session>/discard/", stage_views.discard, name="project-stage-discard"),
]
FILES = [
    path("", file_views.files, name="project-files"),
    *[
        path(
            f"<filename:filename>/{verb}/",
            file_views.act,
            {"verb": verb},
            name=f"project-file-{verb}",
        )
        for verb in ("yank", "unyank", "delete", "restore")
    ],
]
RELEASES = [
    path("", release_views.all_releases, name="project-releases"),
    *[
        path(
            f"<version:version>/{verb}/",
            release_views.act,
            {"verb": verb},
            name=f"project-release-{verb}",
        )
        for verb in ("yank", "unyank", "delete", "restore")
    ],
]
SETTINGS = [
    path("", settings_views.overview, name="project-settings"),
    path("archive/", settings_views.archive, name="project-archive"),
    path("deprecate/", settings_views.deprecate, name="project-deprecate"),
    path("activate/", settings_views.activate, name="project-activate"),
    path("hide/", settings_views.hide, name="project-hide"),
    path("publicise/", settings_views.publicise, name="project-publicise"),
    path("rename/", settings_views.rename, name="project-rename"),
    path("delete/", settings_views.delete, name="project-delete"),
    path("restore/", settings_views.restore, name="project-restore"),
    path(
        "former-names/<project:former>/",
        settings_views.redirect_former_name,
        name="project-redirect",
    ),
]
PUBLISHERS = [
    path("", publisher_views.of_project, name="project-publishers"),
    path("add/<slug:issuer>/", publisher_views.add, name="project-publisher-add"),
    path("<uuid:identifier>/remove/", publisher_views.remove, name="project-publisher-remove"),
]
OWN_PUBLISHERS = [
    path("", publisher_views.own, name="pending-publishers"),
    path("prepare/<slug:issuer>/", publisher_views.prepare, name="publisher-prepare"),
    path("<uuid:identifier>/withdraw/", publisher_views.withdraw, name="publisher-withdraw"),
]
PEOPLE = [
    path("", people_views.people, name="project-people"),
    path("invite/", people_views.invite, name="project-invite"),
    path("<int:pk>/role/", people_views.change, name="project-person-role"),
    path("<int:pk>/remove/", people_views.remove, name="project-person-remove"),
    path(
        "invitations/<uuid:identifier>/withdraw/",
        people_views.withdraw,
        name="project-invitation-withdraw",
    ),
    path("transfer/", project_team_views.transfer, name="project-transfer"),
    path("teams/grant/", project_team_views.grant, name="project-team-grant"),
    path("teams/<slug:team>/role/", project_team_views.change, name="project-team-role"),
    path("teams/<slug:team>/remove/", project_team_views.remove, name="project-team-remove"),
]
TEAMS = [
    path("", team_views.own, name="teams"),
    path("create/", team_views.create, name="team-create"),
    path("of/<slug:name>/", team_views.page, name="team"),
    path("of/<slug:name>/describe/", team_views.describe, name="team-describe"),
    path("of/<slug:name>/delete/", team_views.delete, name="team-delete"),
    path("of/<slug:name>/invite/", team_views.invite, name="team-invite"),
    path("of/<slug:name>/members/<int:pk>/role/", team_views.change, name="team-member-role"),
    path("of/<slug:name>/members/<int:pk>/remove/", team_views.remove, name="team-member-remove"),
    path(
        "of/<slug:name>/invitations/<uuid:identifier>/withdraw/",
        team_views.withdraw,
        name="team-invitation-withdraw",
    ),
]
_PAGES = (
    r"project/[^/]+(?:/[^/]+)?|search|admin|help/(?:problems|apis)|accounts(?:/[\w-]+)*"
    r"|api/v1(?:/[^/]+)*"
)

urlpatterns = [
    path("", pages.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("robots.txt", crawlers.robots),
    path("opensearch.xml", crawlers.opensearch, name="opensearch"),
    path(".well-known/security.txt", crawlers.security, name="security"),
    path("sitemap.xml", crawlers.sitemap, name="sitemap"),
    path("sitemaps/<int:number>.xml", crawlers.sitemap_page, name="sitemap-page"),
    # installers
    path("simple/", simple.root, name="simple"),
    path("simple", simple.without_slash),
    path("simple/<project:name>/", simple.project, name="simple-project"),
    path("simple/<project:name>", simple.without_slash),
    path("files/<sha256:sha256>/<filename:filename>", files.file, name="file"),
    path("files/<sha256:sha256>/<filename:filename>.metadata", files.metadata, name="metadata"),
    path(
        "packages/<sha256:sha256>/<filename:filename>",
        legacy_json_views.file,
        name="mirrored-file",
    ),
    # publishing tools
    path("legacy/", legacy.upload, name="upload"),
    path("legacy", legacy.without_slash),
    path("legacy/+simple/<project:name>/", simple.for_hatch, name="hatch"),
    path("legacy/<project:name>/<version:version>/", legacy.to_release),
    path("upload/2.0", sessions.without_slash),
    path("upload/2.0/", sessions.root, name="upload-2.0"),
    path("upload/2.0/sessions/<uuid:session>/", include(SESSION)),
    path("stages/<token:token>/", previews.root, name="stage"),
    path("stages/<token:token>/<project:name>/", previews.project),
    path(
        "stages/<token:token>/files/<sha256:sha256>/<filename:filename>",
        previews.file,
        name="stage-file",
    ),
    path(
        "stages/<token:token>/files/<sha256:sha256>/<filename:filename>.metadata",
        previews.metadata,
    ),
    # programs
    *api_urls.urlpatterns,
    path("pypi/<project:name>/json", legacy_json_views.project, name="json"),
    path("pypi/<project:name>/json/", legacy_json_views.project),
    path(
        "pypi/<project:name>/<version:version>/json", legacy_json_views.release, name="json-release"
    ),
    path("pypi/<project:name>/<version:version>/json/", legacy_json_views.release),
    # feeds
    path("feeds/releases.<feed:form>", feed_views.releases, name="feed-releases"),
    path("feeds/projects.<feed:form>", feed_views.projects, name="feed-projects"),
    path(
        "feeds/project/<project:name>/releases.<feed:form>",
        feed_views.of_project,
        name="feed-project",
    ),
    path("feeds/user/<str:username>/releases.<feed:form>", feed_views.releases_of_person),
    path("feeds/user/<str:username>/projects.<feed:form>", feed_views.projects_of_person),
    path("feeds/removals.<feed:form>", removal_views.feed, name="feed-removals"),
    path("rss/updates.xml", feed_views.releases),
    path("rss/packages.xml", feed_views.projects),
    path("rss/project/<project:name>/releases.xml", feed_views.of_project),
    # people
    path("project/<project:name>/", pages.project_detail, name="project"),
    path("project/<project:name>/stages/", include(STAGES)),
    path("project/<project:name>/files/", include(FILES)),
    path("project/<project:name>/releases/", include(RELEASES)),
    path("project/<project:name>/people/", include(PEOPLE)),
    path("project/<project:name>/publishers/", include(PUBLISHERS)),
    path("project/<project:name>/history/", project_history.history, name="project-history"),
    path("project/<project:name>/settings/", include(SETTINGS)),
    path("project/<project:name>/report/", report_views.report, name="project-report"),
    path("project/<project:name>/<version:version>/", pages.project_detail, name="release"),
    path("user/<str:username>/report/", report_views.report_person, name="person-report"),
    path("accounts/decisions/", appeal_views.decisions, name="decisions"),
    path("accounts/decisions/<int:pk>/appeal/", appeal_views.appeal, name="appeal"),
    path("accounts/reports/", report_views.reports, name="reports"),
    path("accounts/questions/<int:pk>/", case_pages.answer, name="case-answer"),
    path("removals/", removal_views.page, name="removals"),
    path("search/", search.search, name="search"),
    path("help/problems/", problem_pages.problems, name="problems"),
    path("help/apis/", help_pages.apis, name="apis"),
    path("accounts/tokens/", token_views.own_tokens, name="tokens"),
    path("accounts/tokens/<slug:identifier>/revoke/", token_views.revoke, name="token-revoke"),
    path("accounts/publishers/", include(OWN_PUBLISHERS)),
    path("accounts/teams/", include(TEAMS)),
    path("accounts/invitations/", invitation_views.own, name="invitations"),
    path(
        "accounts/invitations/<uuid:identifier>/accept/",
        invitation_views.accept,
        name="invitation-accept",
    ),
    path(
        "accounts/invitations/<uuid:identifier>/decline/",
        invitation_views.decline,
        name="invitation-decline",
    ),
    path("accounts/join/<str:key>/", join_views.join, name="join"),
    path("accounts/sessions/", session_views.listing, name="usersessions_list"),
    path("accounts/sessions/others/end/", session_views.end_others, name="sessions-end"),
    path("accounts/sessions/<int:pk>/end/", session_views.end_one, name="session-end"),
    path("accounts/history/", history_views.history, name="history"),
    path("accounts/history/events.json", history_views.download, name="history-json"),
    path("accounts/notices/", notice_views.listing, name="notices"),
    path("accounts/notices/read/", notice_views.read, name="notices-read"),
    path("accounts/notices/<int:pk>/read/", notice_views.read, name="notice-read"),
    path("accounts/notifications/", notice_views.choices, name="notifications"),
    path("_/leaked-tokens/", leaks.report, name="leaked-tokens"),
    path("_/oidc/audience", oidc_views.audience, name="oidc-audience"),
    path("_/oidc/mint-token", oidc_views.mint_token, name="oidc-mint-token"),
    path("_/oidc/github/mint-token", oidc_views.mint_token),
    path("_/oidc/burn-token", oidc_views.burn_token, name="oidc-burn-token"),
    path(".well-known/pytp", oidc_views.discover, name="pytp"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    *legacy_urls.patterns(),
    # installers and publishing tools never get a page
    re_path(
        r"^(?:simple|files|legacy|api|upload|stages|packages|pypi|feeds|rss|sitemaps)/",
        simple.nothing_here,
    ),
    # addresses of pages end with a slash; uploads are never redirected so
    re_path(rf"^(?:{_PAGES})$", http.with_slash),
]
