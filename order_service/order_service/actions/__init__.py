"""Everything that changes state, and the only callers of publish()."""
