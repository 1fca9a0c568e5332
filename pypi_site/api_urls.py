"""Every address of the JSON API, ``/api/v1/``."""

from __future__ import annotations

from types import ModuleType

from django.urls import URLPattern, include, path
from rest_framework.routers import DefaultRouter

from accounts import history_views
from moderation import figure_views, removal_views
from moderation.report_api import ObservationsView, PersonObservationsView
from packages import files, projects, releases, renames
from packages import history_views as project_history
from packages.api import ProjectViewSet
from packages.download_api import DownloadsView
from packages.publisher_api import PendingPublisherViewSet, PublisherViewSet
from packages.stage_api import StageViewSet
from packages.team_api import MemberViewSet, ProjectTeamViewSet, TeamViewSet
from packages.verb_api import (
    DeleteFileView,
    DeleteReleaseView,
    DeprecateView,
    FileVerb,
    ProjectVerb,
    RedirectView,
    ReleaseVerb,
    RenameView,
    VerbView,
)
from search.api import SearchView, SuggestView

router = DefaultRouter()
router.register("projects", ProjectViewSet, basename="api-project")

_RELEASE, _FILE = "releases/<version:version>/", "files/<filename:filename>/"


def _verbs(
    place: str, prefix: str, view: type[VerbView], *verbs: str, of: ModuleType
) -> list[URLPattern]:
    """An address for each of these verbs of a module."""
    return [
        path(
            f"{place}{verb.replace('_', '-')}/",
            view.as_view(verb=getattr(of, verb)),
            name=f"{prefix}-{verb}",
        )
        for verb in verbs
    ]


VERBS = [
    path("events/", project_history.ProjectEventsView.as_view(), name="api-project-events"),
    path("downloads/", DownloadsView.as_view(), name="api-downloads"),
    *_verbs("", "api-project", ProjectVerb, "archive", "activate", "restore", of=projects),
    *_verbs("", "api-project", ProjectVerb, "make_private", "make_public", of=projects),
    *_verbs("", "api-project", DeprecateView, "deprecate", of=projects),
    *_verbs("", "api-project", RenameView, "rename", of=renames),
    path("former-names/<project:former>/", RedirectView.as_view(), name="api-former-name"),
    path(_RELEASE, DeleteReleaseView.as_view(), name="api-release"),
    *_verbs(_RELEASE, "api-release", ReleaseVerb, "yank", "unyank", "restore", of=releases),
    path(_FILE, DeleteFileView.as_view(), name="api-file"),
    *_verbs(_FILE, "api-file", FileVerb, "yank", "unyank", "restore", of=files),
]
STAGES = [
    path("", StageViewSet.as_view({"get": "list"}), name="api-stages"),
    path(
        "<uuid:session>/",
        StageViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="api-stage",
    ),
    path(
        "<uuid:session>/publish/",
        StageViewSet.as_view({"post": "publish"}),
        name="api-stage-publish",
    ),
]
PUBLISHERS = [
    path("", PublisherViewSet.as_view({"get": "list", "post": "create"}), name="api-publishers"),
    path(
        "<uuid:publisher>/", PublisherViewSet.as_view({"delete": "destroy"}), name="api-publisher"
    ),
]
PENDING = [
    path(
        "",
        PendingPublisherViewSet.as_view({"get": "list", "post": "create"}),
        name="api-pending-publishers",
    ),
    path(
        "<uuid:publisher>/",
        PendingPublisherViewSet.as_view({"delete": "destroy"}),
        name="api-pending-publisher",
    ),
]
TEAMS = [
    path("", TeamViewSet.as_view({"get": "list", "post": "create"}), name="api-teams"),
    path(
        "<slug:team>/",
        TeamViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="api-team",
    ),
    path(
        "<slug:team>/members/",
        MemberViewSet.as_view({"post": "create"}),
        name="api-team-members",
    ),
    path(
        "<slug:team>/members/<str:username>/",
        MemberViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
        name="api-team-member",
    ),
]
PROJECT_TEAMS = [
    path(
        "",
        ProjectTeamViewSet.as_view({"get": "list", "post": "create"}),
        name="api-project-teams",
    ),
    path(
        "<slug:team>/",
        ProjectTeamViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
        name="api-project-team",
    ),
]

urlpatterns = [
    path("api/v1/projects/<project:name>/", include(VERBS)),
    path("api/v1/projects/<project:name>/stages/", include(STAGES)),
    path("api/v1/projects/<project:name>/publishers/", include(PUBLISHERS)),
    path("api/v1/publishers/pending/", include(PENDING)),
    path("api/v1/teams/", include(TEAMS)),
    path("api/v1/projects/<project:name>/teams/", include(PROJECT_TEAMS)),
    path(
        "api/v1/projects/<project:name>/observations/",
        ObservationsView.as_view(),
        name="api-observations",
    ),
    path(
        "api/v1/people/<str:username>/observations/",
        PersonObservationsView.as_view(),
        name="api-person-observations",
    ),
    path("api/v1/figures/", figure_views.FiguresView.as_view(), name="api-figures"),
    path("api/v1/removals/", removal_views.RemovalsView.as_view(), name="api-removals"),
    path(
        "api/v1/account/events/",
        history_views.AccountEventsView.as_view(),
        name="api-account-events",
    ),
    path("api/v1/search/", SearchView.as_view(), name="api-search"),
    path("api/v1/suggest/", SuggestView.as_view(), name="api-suggest"),
    path("api/v1/", include(router.urls)),
]
