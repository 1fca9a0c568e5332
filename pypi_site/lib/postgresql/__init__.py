"""Django's back end for PostgreSQL, which asks less often whether a connection is alive."""
