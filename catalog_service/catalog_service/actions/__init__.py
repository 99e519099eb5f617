"""Everything that changes state. One function, one use case, one transaction."""
