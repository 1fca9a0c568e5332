"""The WSGI application that the web workers run."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pypi_site.settings")
django = get_wsgi_application()

from packages.downloads.counter import counter  # noqa: E402 - only now the models are there
from pypi_site.lanes import WithLanes  # noqa: E402

counter.write_periodically()
application = WithLanes(django)
