"""How good, how fast and how large search is, up to 600,000 projects."""
