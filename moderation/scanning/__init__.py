"""What stands in an archive: signals, found by rules while the archive is read.  Plain Python."""

from moderation.scanning.scan import Scan, of_archive
from moderation.scanning.values import SEVERITIES, Found, Identity, shown

__all__ = ["SEVERITIES", "Found", "Identity", "Scan", "of_archive", "shown"]
