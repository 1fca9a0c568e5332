#!/usr/bin/env python
"""Django's command line; ``bin/manage`` calls it with the environment and the database up."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pypi_site.settings")
    execute_from_command_line(sys.argv)
