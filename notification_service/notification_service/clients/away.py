"""How handing something over can fail."""


class Away(Exception):
    """It could not be handed over now; later it may."""


class Undeliverable(Exception):
    """It was refused, and would be again."""
