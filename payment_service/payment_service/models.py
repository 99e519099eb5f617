"""State, constraints, and named transitions that refuse illegal moves."""
