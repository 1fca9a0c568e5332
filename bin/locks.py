"""Compile requirements*.in into the pinned and hashed requirements*.txt.  Arguments go to uv."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = [
    "--quiet",
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-header",
    # pip takes the newest of what only an extra asks for, unless the extra is pinned, too
    "--no-strip-extras",
]

for name in ("requirements", "requirements-dev"):
    command = ["uv", "pip", "compile", *OPTIONS, *sys.argv[1:], f"{name}.in", "-o", f"{name}.txt"]
    subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True)
