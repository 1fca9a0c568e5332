"""Mixed load for a long time: no error, flat memory, and every page as if it were rendered now."""
