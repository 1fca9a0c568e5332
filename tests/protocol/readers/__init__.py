"""The tools that read: each in an environment of its own, from its list."""
