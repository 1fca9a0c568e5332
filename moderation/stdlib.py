"""The names of Python's standard library."""

from __future__ import annotations

import sys

from packages import names

# Gone from the newest interpreters (PEP 594 and before), but imported by name in old code.
_REMOVED = [
    "aifc",
    "asynchat",
    "asyncore",
    "binhex",
    "bsddb",
    "cgi",
    "cgitb",
    "chunk",
    "commands",
    "compiler",
    "cookielib",
    "copy-reg",
    "crypt",
    "dbhash",
    "distutils",
    "dl",
    "dumbdbm",
    "formatter",
    "gdbm",
    "htmllib",
    "httplib",
    "imghdr",
    "imp",
    "lib2to3",
    "mailcap",
    "md5",
    "mimetools",
    "mimify",
    "msilib",
    "nis",
    "nntplib",
    "ossaudiodev",
    "parser",
    "pipes",
    "popen2",
    "rexec",
    "rfc822",
    "sets",
    "sgmllib",
    "sha",
    "smtpd",
    "sndhdr",
    "spwd",
    "sunau",
    "symbol",
    "telnetlib",
    "thread",
    "urllib2",
    "urlparse",
    "userdict",
    "userlist",
    "userstring",
    "uu",
    "xdrlib",
]
_MODULES = {names.normalize(name) for name in sys.stdlib_module_names if not name.startswith("_")}
_NAMES = frozenset(_MODULES | set(_REMOVED))


def is_module(name: str) -> bool:
    """Whether a top-level module of this interpreter or an older one has the name."""
    return names.normalize(name) in _NAMES
