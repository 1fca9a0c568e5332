"""Uploads that are wrong, each in its own way: a module of builders and rows for each kind."""
