"""The tools that publish, each in an environment of its own."""
