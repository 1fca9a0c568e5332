"""Reads: Gatehouse beside nginx, devpi, pypiserver and simple-repository-server (``bin/bench``)."""
