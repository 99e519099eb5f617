"""Views, each with its input and output shapes beside it."""
