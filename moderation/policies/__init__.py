"""What this site demands of a publication: policies that hold or refuse it.

``settings.UPLOAD_POLICIES`` says which of them exist here; the admin switches and sets them.
"""

from moderation.policies.contents import (
    hold_embedded_executables,
    hold_install_hooks,
    hold_native_code,
    hold_obfuscated_code,
    hold_setup_calls,
    hold_startup_hooks,
    hold_suspicious_urls,
    hold_the_unseen,
)
from moderation.policies.names import (
    LOOKALIKE,
    OTHERS_RULES,
    judge_lookalikes,
    refuse_confusable_names,
    refuse_prohibited_names,
    refuse_reserved_prefixes,
    refuse_reserved_words,
    refuse_standard_library_names,
)
from moderation.policies.people import (
    DECIDE,
    everybody_waits,
    hold_discontinuities,
    hold_for_review,
    hold_new_accounts,
    is_trusted,
)
from moderation.policies.sizes_and_times import hold_awakenings, hold_size_jumps

__all__ = [
    "DECIDE",
    "LOOKALIKE",
    "OTHERS_RULES",
    "everybody_waits",
    "hold_awakenings",
    "hold_discontinuities",
    "hold_embedded_executables",
    "hold_for_review",
    "hold_install_hooks",
    "hold_native_code",
    "hold_new_accounts",
    "hold_obfuscated_code",
    "hold_setup_calls",
    "hold_size_jumps",
    "hold_startup_hooks",
    "hold_suspicious_urls",
    "hold_the_unseen",
    "is_trusted",
    "judge_lookalikes",
    "refuse_confusable_names",
    "refuse_prohibited_names",
    "refuse_reserved_prefixes",
    "refuse_reserved_words",
    "refuse_standard_library_names",
]
