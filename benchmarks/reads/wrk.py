"""The load: wrk with one thread and 32 connections, and what it prints."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from benchmarks.reads.works import Request

CONNECTIONS = 32
TIMEOUT = 30  # seconds: the slowest pages of the slowest peers take ten
SLOW = 100  # requests per second below which a measurement lasts three times as long
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Figures:
    """Requests per second, latencies in milliseconds, and the answers that were none."""

    rate: float
    p50: float
    p99: float
    errors: int = 0


class NotUnderstood(ValueError):
    """wrk printed something else."""


def load(request: Request, seconds: float, warm_up: float) -> Figures:
    """Warm up, then measure; longer where few answers come."""
    first = _run(request, warm_up)
    long = 3 if first.rate < SLOW else 1
    return _run(request, seconds * long)


def _run(request: Request, seconds: float) -> Figures:
    headers = [part for name, value in request.headers for part in ("-H", f"{name}: {value}")]
    duration = f"{max(1, round(seconds))}s"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{duration}", f"--timeout={TIMEOUT}s"]
    command += ["--latency", *headers, request.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return parse(done.stdout or done.stderr)


def parse(text: str) -> Figures:
    """What ``wrk --latency`` printed.  Raises `NotUnderstood`."""
    rate = re.search(r"^Requests/sec:\s+([\d.]+)", text, re.MULTILINE)
    p50 = re.search(r"^\s+50%\s+([\d.]+)(us|ms|s|m)\b", text, re.MULTILINE)
    p99 = re.search(r"^\s+99%\s+([\d.]+)(us|ms|s|m)\b", text, re.MULTILINE)
    if not (rate and p50 and p99):
        raise NotUnderstood(text)
    return Figures(float(rate[1]), _milliseconds(p50), _milliseconds(p99), _errors(text))


def _milliseconds(match: re.Match[str]) -> float:
    return float(match[1]) * _UNITS[match[2]]


def _errors(text: str) -> int:
    """Answers of 400 and above, and connections that broke."""
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: ([^\n]*)", text)
    count = int(refused[1]) if refused else 0
    return count + sum(map(int, re.findall(r"\d+", broken[1]))) if broken else count


def middle(measured: Iterable[Figures]) -> Figures:
    """The median of each figure; every error counts."""
    all_of_them = list(measured)
    return Figures(
        rate=median(figures.rate for figures in all_of_them),
        p50=median(figures.p50 for figures in all_of_them),
        p99=median(figures.p99 for figures in all_of_them),
        errors=sum(figures.errors for figures in all_of_them),
    )
