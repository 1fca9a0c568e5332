"""Builders of wheels and sdists: valid, deterministic, installable, unless a knob says otherwise.

`make_wheel` and `make_sdist` write a file and return its path. The pieces are there for tests that
need something broken: `wheel_members` and `sdist_members` return what goes in (name to bytes, in
order), `zip_bytes` and `tar_gz_bytes` pack whatever they are given.
"""

import base64
import contextlib
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.tags import parse_tag

from packages import names

# 1980-01-01 is the first moment that a ZIP archive can tell.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE = 0o100644

Members = dict[str, bytes]


def make_wheel(
    directory: Path,
    name: str = "demo",
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    build: str = "",
    requires: Iterable[str] = (),
    metadata_version: str = "2.1",
    extra_metadata: str = "",
    description: str = "",
    files: Mapping[str, bytes | str] | None = None,
    entry_points: str = "",
    license_files: Mapping[str, bytes | str] | None = None,
    replace: Mapping[str, bytes | str | None] | None = None,
    unlisted: Mapping[str, bytes | str] | None = None,
    filename: str = "",
) -> Path:
    """Write a wheel into `directory`.

    `replace` exchanges members after RECORD was written (None leaves one out), `unlisted` adds
    members that RECORD does not know; both make wheels that lie.
    """
    members = wheel_members(
        name,
        version,
        tag=tag,
        build=build,
        requires=requires,
        metadata_version=metadata_version,
        extra_metadata=extra_metadata,
        description=description,
        files=files,
        entry_points=entry_points,
        license_files=license_files,
    )
    _exchange(members, {**(replace or {}), **(unlisted or {})})
    return _write(
        directory, filename or wheel_filename(name, version, tag, build), zip_bytes(members)
    )


def make_sdist(
    directory: Path,
    name: str = "demo",
    version: str = "1.0",
    *,
    requires: Iterable[str] = (),
    metadata_version: str = "2.2",
    extra_metadata: str = "",
    description: str = "",
    files: Mapping[str, bytes | str] | None = None,
    license_files: Mapping[str, bytes | str] | None = None,
    replace: Mapping[str, bytes | str | None] | None = None,
    top: str = "",
    filename: str = "",
) -> Path:
    """Write a source distribution into `directory`; pip can build it with setuptools."""
    members = sdist_members(
        name,
        version,
        requires=requires,
        metadata_version=metadata_version,
        extra_metadata=extra_metadata,
        description=description,
        files=files,
        license_files=license_files,
        top=top,
    )
    _exchange(members, replace or {})
    return _write(directory, filename or sdist_filename(name, version), tar_gz_bytes(members))


def wheel_filename(name: str, version: str, tag: str = "py3-none-any", build: str = "") -> str:
    """The filename that the wheel specification demands."""
    return "-".join(filter(None, [stem(name, version), build, tag])) + ".whl"


def sdist_filename(name: str, version: str) -> str:
    """The filename that PEP 625 demands."""
    return f"{stem(name, version)}.tar.gz"


def stem(name: str, version: str) -> str:
    """`name-version` as filenames, `.dist-info` folders and top directories spell it."""
    with contextlib.suppress(names.InvalidVersion):  # a test may want it so
        version = str(names.parse_version(version))
    return f"{names.normalize(name).replace('-', '_')}-{version}"


def core_metadata(
    name: str = "demo",
    version: str = "1.0",
    *,
    metadata_version: str = "2.1",
    requires: Iterable[str] = (),
    license_files: Iterable[str] = (),
    extra_metadata: str = "",
    description: str = "",
) -> bytes:
    """The bytes of METADATA or PKG-INFO."""
    lines = [f"Metadata-Version: {metadata_version}", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    lines += [f"License-File: {path}" for path in license_files]
    lines += extra_metadata.strip("\n").split("\n") if extra_metadata else []
    return ("\n".join(lines) + "\n" + (f"\n{description}" if description else "")).encode()


def wheel_members(
    name: str = "demo",
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    build: str = "",
    requires: Iterable[str] = (),
    metadata_version: str = "2.1",
    extra_metadata: str = "",
    description: str = "",
    files: Mapping[str, bytes | str] | None = None,
    entry_points: str = "",
    license_files: Mapping[str, bytes | str] | None = None,
) -> Members:
    """What a wheel holds, RECORD last and right."""
    dist_info = f"{stem(name, version)}.dist-info"
    members = _encoded(_package_files(name, version) if files is None else files)
    for path, text in (license_files or {}).items():
        members |= _encoded({f"{dist_info}/licenses/{path}": text})
    if entry_points:
        members[f"{dist_info}/entry_points.txt"] = entry_points.encode()
    members[f"{dist_info}/METADATA"] = core_metadata(
        name,
        version,
        metadata_version=metadata_version,
        requires=requires,
        license_files=license_files or (),
        extra_metadata=extra_metadata,
        description=description,
    )
    members[f"{dist_info}/WHEEL"] = wheel_file(tag, build)
    members[f"{dist_info}/RECORD"] = record(members, f"{dist_info}/RECORD")
    return members


def wheel_file(tag: str = "py3-none-any", build: str = "") -> bytes:
    """The bytes of WHEEL."""
    pure = "true" if tag.endswith("-none-any") else "false"
    lines = ["Wheel-Version: 1.0", "Generator: gatehouse-tests", f"Root-Is-Purelib: {pure}"]
    lines += [f"Tag: {single}" for single in sorted(map(str, parse_tag(tag)))]
    lines += [f"Build: {build}"] if build else []
    return ("\n".join(lines) + "\n").encode()


def record(members: Mapping[str, bytes], path: str) -> bytes:
    """The bytes of RECORD for these members, itself included without hash and size."""
    rows = [record_row(name, data) for name, data in members.items() if name != path]
    return ("\n".join([*rows, f"{path},,"]) + "\n").encode()


def record_row(name: str, data: bytes, algorithm: str = "sha256") -> str:
    """One line of RECORD."""
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).rstrip(b"=").decode()
    quoted = f'"{name}"' if "," in name else name
    return f"{quoted},{algorithm}={digest},{len(data)}"


def sdist_members(
    name: str = "demo",
    version: str = "1.0",
    *,
    requires: Iterable[str] = (),
    metadata_version: str = "2.2",
    extra_metadata: str = "",
    description: str = "",
    files: Mapping[str, bytes | str] | None = None,
    license_files: Mapping[str, bytes | str] | None = None,
    top: str = "",
) -> Members:
    """What a source distribution holds."""
    inside: dict[str, bytes | str] = {
        "PKG-INFO": core_metadata(
            name,
            version,
            metadata_version=metadata_version,
            requires=requires,
            license_files=license_files or (),
            extra_metadata=extra_metadata,
            description=description,
        ),
        "pyproject.toml": _pyproject(name, version, requires),
        **(license_files or {}),
        **(_package_files(name, version) if files is None else files),
    }
    top = top or stem(name, version)
    return _encoded({f"{top}/{path}": content for path, content in inside.items()})


def zip_bytes(
    members: Mapping[str, bytes] | Iterable[tuple[str | zipfile.ZipInfo, bytes]],
    *,
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """Pack members; pairs allow duplicates and ZipInfo objects of one's own."""
    pairs = members.items() if isinstance(members, Mapping) else members
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for member, data in pairs:
            archive.writestr(zip_info(member, compression), data)
    return buffer.getvalue()


def tar_gz_bytes(
    members: Mapping[str, bytes] | Iterable[tuple[str | tarfile.TarInfo, bytes]],
    *,
    tar_format: int = tarfile.PAX_FORMAT,
) -> bytes:
    """Pack members; pairs allow duplicates, links and devices."""
    return gzip.compress(tar_bytes(members, tar_format=tar_format), mtime=0)


def tar_bytes(
    members: Mapping[str, bytes] | Iterable[tuple[str | tarfile.TarInfo, bytes]],
    *,
    tar_format: int = tarfile.PAX_FORMAT,
) -> bytes:
    """The same without gzip."""
    pairs = members.items() if isinstance(members, Mapping) else members
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as archive:
        for member, data in pairs:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if info.isreg():
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_info(
    member: str | zipfile.ZipInfo, compression: int = zipfile.ZIP_DEFLATED
) -> zipfile.ZipInfo:
    """The entry of an ordinary file, for tests that change something about it."""
    if isinstance(member, zipfile.ZipInfo):
        return member
    info = zipfile.ZipInfo(member, ZIP_EPOCH)
    info.compress_type = compression
    info.create_system = 3
    info.external_attr = REGULAR_FILE << 16
    return info


def _package_files(name: str, version: str) -> dict[str, bytes | str]:
    package = names.normalize(name).replace("-", "_")
    return {f"{package}/__init__.py": f'__version__ = "{version}"\n'}


def _pyproject(name: str, version: str, requires: Iterable[str]) -> str:
    package = names.normalize(name).replace("-", "_")
    return (
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\ndependencies = {list(requires)}\n\n'
        f'[tool.setuptools]\npackages = ["{package}"]\n'
    )


def _encoded(files: Mapping[str, bytes | str]) -> Members:
    return {
        path: content.encode() if isinstance(content, str) else content
        for path, content in files.items()
    }


def _exchange(members: Members, replacements: Mapping[str, bytes | str | None]) -> None:
    """Change members in place; a path `*/x` is x in the `.dist-info` or top folder."""
    for path, content in replacements.items():
        name = _expanded(members, path)
        if content is None:
            members.pop(name)
        else:
            members[name] = content.encode() if isinstance(content, str) else content


def _expanded(members: Members, path: str) -> str:
    if not path.startswith("*/"):
        return path
    marker = next(name for name in members if name.endswith(("/METADATA", "/PKG-INFO")))
    return marker.rpartition("/")[0] + path[1:]


def _write(directory: Path, filename: str, data: bytes) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / filename
    path.write_bytes(data)
    return path
