"""A small driver of the two upload APIs around Django's test client.

It builds no address of a session: like a real client it follows the links that it was given.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from accounts.models import ApiToken, User
from packages.models import Project, Role
from tests.factories.dists import make_sdist, make_wheel
from tests.factories.people import UserFactory, token_for

ROOT = "/upload/2.0/"
V2 = "application/vnd.pypi.upload.v2+json"
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
PROBLEM = "application/problem+json"
BYTES = "application/octet-stream"
MECHANISM = "http-post-bytes"
META = {"api-version": "2.0"}
NOBODY_KNOWS = "0" * 64


@dataclass(frozen=True)
class Dist:
    """A distribution file as a client has it in its `dist/` folder."""

    name: str
    version: str
    filename: str
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def hashes(self) -> dict[str, str]:
        return {"sha256": self.sha256}


def wheel(name: str = "demo", version: str = "1.0", **knobs: Any) -> Dist:
    return _made(make_wheel, name, version, knobs)


def sdist(name: str = "demo", version: str = "1.0", **knobs: Any) -> Dist:
    return _made(make_sdist, name, version, knobs)


def _made(make: Any, name: str, version: str, knobs: dict[str, Any]) -> Dist:
    with tempfile.TemporaryDirectory() as folder:
        path = make(Path(folder), name, version, **knobs)
        return Dist(name, version, path.name, path.read_bytes())


class Api:
    """Somebody with a token, speaking both upload APIs."""

    def __init__(self, user: User | None = None, token: str | None = None) -> None:
        self.user = user
        self.token = token_for(user) if user and token is None else token
        self.client = Client()

    def call(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        content_type: str = V2,
        accept: str | None = V2,
        **headers: str,
    ) -> HttpResponse:
        """One request; bytes go as they are, anything else as JSON with `meta`."""
        sent = dict(headers)
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if accept is not None:
            sent["Accept"] = accept
        encoded = body if isinstance(body, bytes) else _json({"meta": META, **(body or {})})
        data = b"" if method in ("GET", "HEAD", "DELETE") else encoded
        # Django's client forgets the type of an empty body.
        environ = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(data))}
        return self.client.generic(method, url, data, content_type, headers=sent, **environ)

    def get(self, url: str, **options: Any) -> HttpResponse:
        return self.call("GET", url, **options)

    def post(self, url: str, body: Any = None, **options: Any) -> HttpResponse:
        return self.call("POST", url, body, **options)

    def delete(self, url: str, **options: Any) -> HttpResponse:
        return self.call("DELETE", url, **options)

    # -- sessions --------------------------------------------------------------------------------

    def create(self, name: Any = "demo", version: Any = "1.0", **more: Any) -> HttpResponse:
        """E1, whatever the answer."""
        return self.post(ROOT, {"name": name, "version": version, **more})

    def open(self, name: str = "demo", version: str = "1.0") -> Session:
        """A new session, which must be granted."""
        answer = self.create(name, version)
        assert answer.status_code == 201, answer.content
        return Session(self, answer.json())

    # -- the legacy API --------------------------------------------------------------------------

    def legacy(self, dist: Dist, **fields: str) -> HttpResponse:
        """What twine sends."""
        form = {
            ":action": "file_upload",
            "protocol_version": "1",
            "name": dist.name,
            "version": dist.version,
            "sha256_digest": dist.sha256,
            "content": SimpleUploadedFile(dist.filename, dist.data, BYTES),
            **fields,
        }
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "*/*"}
        return self.client.post("/legacy/", form, headers=headers)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


class Session:
    """A publishing session and the links that it was born with."""

    def __init__(self, api: Api, body: dict[str, Any]) -> None:
        self.api, self.born = api, body
        self.links: dict[str, str] = body["links"]
        self.url = self.links["session"]

    def by(self, api: Api) -> Session:
        """The same session in somebody else's hands."""
        return Session(api, self.born)

    @property
    def body(self) -> dict[str, Any]:
        """E2."""
        answer = self.api.get(self.url)
        assert answer.status_code == 200, answer.content
        return answer.json()

    @property
    def status(self) -> str:
        return self.body["status"]

    @property
    def files(self) -> dict[str, str]:
        """Statuses by filename."""
        return {name: file["status"] for name, file in self.body["files"].items()}

    def announce(self, dist: Dist, **changes: Any) -> HttpResponse:
        """E6; a change of None leaves the member out."""
        said = {
            "filename": dist.filename,
            "size": len(dist.data),
            "hashes": dist.hashes,
            "mechanism": MECHANISM,
            **changes,
        }
        said = {name: value for name, value in said.items() if value is not None}
        return self.api.post(self.links["upload"], said)

    def begin(self, dist: Dist, **changes: Any) -> FileSession:
        """E6, which must succeed."""
        answer = self.announce(dist, **changes)
        assert answer.status_code == 202, answer.content
        return FileSession(self.api, dist, answer.json())

    def add(self, *dists: Dist) -> list[FileSession]:
        """E6, E7 and E9 for each, which must succeed."""
        added = [self.begin(dist) for dist in dists]
        for file in added:
            assert file.send().status_code == 204
            answer = file.complete()
            assert answer.status_code == 201, answer.content
        return added

    def publish(self) -> HttpResponse:
        return self.api.post(self.links["publish"])

    def extend(self, seconds: Any) -> HttpResponse:
        return self.api.post(self.links["extend"], {"extend-for": seconds})

    def cancel(self) -> HttpResponse:
        return self.api.delete(self.url)


class FileSession:
    """A file on its way in."""

    def __init__(self, api: Api, dist: Dist, body: dict[str, Any]) -> None:
        self.api, self.dist, self.born = api, dist, body
        self.links: dict[str, str] = body["links"]
        self.url = self.links["file-upload-session"]
        self.bytes_url: str = body["mechanism"]["file_url"]

    def by(self, api: Api) -> FileSession:
        return FileSession(api, self.dist, self.born)

    @property
    def body(self) -> dict[str, Any]:
        """E10."""
        answer = self.api.get(self.url)
        assert answer.status_code == 200, answer.content
        return answer.json()

    @property
    def status(self) -> str:
        return self.body["status"]

    def send(self, data: bytes | None = None, **options: Any) -> HttpResponse:
        """E7."""
        sent = self.dist.data if data is None else data
        return self.api.post(self.bytes_url, sent, **{"content_type": BYTES, **options})

    def complete(self) -> HttpResponse:
        return self.api.post(self.links["complete"])

    def extend(self, seconds: Any) -> HttpResponse:
        return self.api.post(self.links["extend"], {"extend-for": seconds})

    def remove(self) -> HttpResponse:
        return self.api.delete(self.url)


# -- people -----------------------------------------------------------------------------------


def uploader(**facts: Any) -> Api:
    """Somebody whom the moderators trust."""
    return Api(UserFactory(trusted=True, **facts))


def newcomer() -> Api:
    """Somebody whose first release a moderator looks at."""
    return Api(UserFactory())


def maintainer(name: str) -> Api:
    """Another person who may upload to this project, public or not."""
    api = uploader()
    project = Project.objects.get(normalized_name=name)
    Role.objects.create(project=project, user=api.user, kind=Role.Kind.MAINTAINER)
    return api


def staging(user: User) -> Api:
    """`user` with a token whose uploads wait in a stage."""
    api = Api(user)
    ApiToken.objects.filter(user=user).update(stages_uploads=True)
    return api


# -- what one says about answers --------------------------------------------------------------


def problem(answer: HttpResponse, status: int, code: str = "") -> dict[str, Any]:
    """The body of a refusal, which must be RFC 9457 in full (U2-35)."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == PROBLEM
    assert answer["Cache-Control"] == "private, no-store"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["type"].endswith(f"#{body['code']}")
    assert body["meta"]["api-version"] == "2.0"
    assert all(error["source"] and error["message"] for error in body["errors"])
    assert code in ("", body["code"])
    return body


def page(name: str) -> dict[str, Any] | None:
    """What the simple API says of a project; None for 404."""
    answer = Client().get(f"/simple/{name}/", headers={"Accept": SIMPLE_JSON})
    assert answer.status_code in (200, 404)
    return answer.json() if answer.status_code == 200 else None


def offered(name: str) -> set[str]:
    """The filenames that installers see."""
    return {file["filename"] for file in (page(name) or {"files": []})["files"]}


def path_of(url: str) -> str:
    """The address without scheme and host."""
    prefix = "http://testserver"
    assert url.startswith(f"{prefix}/"), "links are absolute"
    return url.removeprefix(prefix)
