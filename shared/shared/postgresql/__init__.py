"""Django's engine for PostgreSQL, with a pool that looks at a connection instead of asking the server about it."""
