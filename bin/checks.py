"""Every lint, type, contract and migration check; all are run, and the failures listed at the end.

``bin/check --fix`` lets the formatters write first.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
# check --deploy judges the settings of a real site, not those of a laptop.
DEPLOYED = {
    "GATEHOUSE_URL": "https://packages.example.org",
    "GATEHOUSE_REDIRECT_TO_HTTPS": "yes",
    "GATEHOUSE_DATA": str(ROOT / "var" / "check"),
}


def program(name: str, *arguments: str) -> list[str]:
    return [str(PROGRAMS / name), *arguments]


def manage(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pypi_site.run", "manage", *arguments]


def files(pattern: str) -> list[str]:
    """Those that git knows or will know."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.splitlines() if (ROOT / name).exists()]


def fixes() -> list[list[str]]:
    return [
        program("ruff", "check", "--fix", "--exit-zero", "."),
        program("ruff", "format", "."),
        program("djade", "--target-version", "5.2", *files("templates/*.html")),
    ]


def checks() -> dict[str, list[str]]:
    templates, python = files("templates/*.html"), files("*.py")
    return {
        "ruff format": program("ruff", "format", "--check", ".", "bin/stage"),
        "ruff check": program("ruff", "check", ".", "bin/stage"),
        "import-linter": program("lint-imports"),
        "mypy": program("mypy", ".", "bin/stage"),
        "django-upgrade": program("django-upgrade", "--target-version", "5.2", "--check", *python),
        "djade": program("djade", "--target-version", "5.2", "--check", *templates),
        "djlint": program("djlint", "--lint", "--quiet", *templates),
        "migrations": manage("makemigrations", "--check", "--dry-run"),
        "deployment": manage("check", "--deploy", "--fail-level", "WARNING"),
    }


def passes(name: str, command: list[str]) -> bool:
    print(f"== {name}", flush=True)
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **DEPLOYED}, check=False)
    return done.returncode == 0


def main() -> int:
    if "--fix" in sys.argv:
        for command in fixes():
            subprocess.run(command, cwd=ROOT, check=False)
    failed = [name for name, command in checks().items() if not passes(name, command)]
    print(f"\n{'Failed: ' + ', '.join(failed) if failed else 'All checks pass.'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
