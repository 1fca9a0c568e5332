"""Gatehouse with as many projects as wanted: a few uploaded, the rest multiplied."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from benchmarks.peer import free_port
from benchmarks.reads import corpus
from benchmarks.reads.contestants import Index, NotOffered, prepare
from benchmarks.reads.corpus import Sizes
from benchmarks.reads.multiply import multiply
from benchmarks.reads.results import DEFAULT, READERS
from benchmarks.reads.works import ROOT, Form, Work
from benchmarks.server import Site, gatehouse
from tests.protocol.clients import Index as Uploader

ROOT_SECONDS = 300
READERS_COUNT = "2"  # processes, as many as the default has of the others
SETTINGS = {
    "GATEHOUSE_HOLD": "nobody",
    "GATEHOUSE_UPLOADS_PER_MINUTE": "100000000",
    "GATEHOUSE_NEW_PROJECTS_PER_HOUR": "100000000",
}


# The daily jobs of a fresh index are due at once; one of them reads files that are not there.
_NO_CHORES = "update django_q_schedule set next_run = now() + interval '1 day'"


@contextmanager
def serving(data: Path, projects: int, sizes: Sizes) -> Iterator[list[Index]]:
    """An index with that many projects, started anew after they were brought in.

    It is asked through the web workers, which are the default, and through the readers.
    """
    port = free_port()
    settings = {**SETTINGS, "GATEHOUSE_READERS": READERS_COUNT, "GATEHOUSE_READER_PORT": str(port)}
    with gatehouse(data, settings) as (site, processes):
        _upload(site, data.with_name(f"{data.name}-seed"), sizes)
        processes.settle()
        with psycopg.connect(processes.cluster.url) as connection:
            multiply(connection, projects, corpus.files_of(sizes))
            connection.execute(_NO_CHORES)
        token = site.token
    with gatehouse(data, settings) as (site, _):
        web = Index(DEFAULT, f"{site.address}/simple/", replace(site, token=token))
        readers = Index(READERS, f"http://{site.host}:{port}/simple/")
        for index in (web, readers):
            wait_for_root(index, projects)
        yield [web, readers]


def wait_for_root(index: Index, projects: int) -> None:
    """Until the list of projects is complete: a large one is made in the background."""
    deadline = time.monotonic() + ROOT_SECONDS
    root = Work("root", ROOT, Form.JSON, holds=projects)
    while True:
        try:
            prepare(index, root)
        except (NotOffered, OSError) as error:
            if time.monotonic() > deadline:
                sys.exit(f"The root index is not complete after {ROOT_SECONDS} s: {error}")
            time.sleep(1)
        else:
            return


def _upload(site: Site, folder: Path, sizes: Sizes) -> None:
    """One wheel of each kind, through the gate."""
    for name in (*corpus.files_of(sizes), corpus.project_name(0)):
        path = corpus.wheel(folder, name, "1.0")
        answer = Uploader(site.host, site.port).upload(path, site.token)
        if answer.status != 200:
            sys.exit(f"{path.name} was answered with {answer.status}: {answer.text}")
