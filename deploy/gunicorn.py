"""How the web workers run.  gunicorn, because it alone sends the reason phrase that twine shows."""

import os
from pathlib import Path

worker_class = "pypi_site.paced_worker.PacedWorker"
threads = int(os.environ.get("GATEHOUSE_THREADS", "8"))
_MEMORY = Path("/dev/shm")  # noqa: S108 - heartbeats on a disk stall when the disk does
worker_tmp_dir = str(_MEMORY) if _MEMORY.is_dir() else None
# The longest a thread may go without reading or writing a byte; a large upload may take longer.
timeout = 120
graceful_timeout = 20
keepalive = 15
# Prepared pages are requests, too, and there are thousands a second of them.
max_requests = 1_000_000
max_requests_jitter = 100_000
control_socket_disable = True
loglevel = os.environ.get("GATEHOUSE_LOG_LEVEL", "warning").lower()
accesslog = "-" if os.environ.get("GATEHOUSE_ACCESS_LOG") else None
# Which proxies may say who the client is and whether he came by https.
forwarded_allow_ips = os.environ.get("GATEHOUSE_TRUSTED_PROXIES", "127.0.0.1,::1")
