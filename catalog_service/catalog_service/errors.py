"""What can go wrong, in domain words."""
