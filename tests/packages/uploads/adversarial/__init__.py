"""Uploads that are wrong, each in its own way: builders by kind, one table of rows in each module."""
