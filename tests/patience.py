"""How long a test waits before it fails; what happens sooner is seen sooner."""

PATIENCE = 120  # seconds, for what takes one or two on a machine with nothing else to do
