"""How much may come out of an archive; counted while reading, never believed."""

from packages.uploads.findings import Unreadable
from packages.uploads.rules import Rules


class Budget:
    """Counts the bytes that an archive expands to, and stops at the site's limits."""

    def __init__(self, compressed: int, rules: Rules) -> None:
        self.spent = 0
        self._rules = rules
        self._most = min(rules.uncompressed_size, max(rules.ratio_floor, compressed * rules.ratio))

    def spend(self, size: int) -> None:
        """Count `size` more bytes; raise Unreadable when it is too much."""
        self.spent += size
        if self.spent <= self._most:
            return
        if self.spent > self._rules.uncompressed_size:
            raise Unreadable(
                "archive-too-large",
                f"The archive unpacks to more than {self._rules.uncompressed_size} bytes;"
                " leave large data out of it.",
            )
        raise Unreadable(
            "compression-bomb",
            f"The archive unpacks to more than {self._rules.ratio} times its size;"
            " leave the repetitive data out of it.",
        )
