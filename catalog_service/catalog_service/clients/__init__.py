"""Other systems, asked over HTTP."""
