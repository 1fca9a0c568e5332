"""Does a new name look like one that people know?  Plain Python: no database, no request.

`Index` holds the names to protect, `Checker` judges a candidate and says why; what it weighs by
was learned from real squats (``benchmarks/lookalikes``).
"""

from moderation.lookalikes.checker import Checker, Level, Verdict
from moderation.lookalikes.index import Index, Target

__all__ = ["Checker", "Index", "Level", "Target", "Verdict"]
