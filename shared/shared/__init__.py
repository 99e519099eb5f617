"""What every Nexus service installs. Could a shoe shop and a hospital both use this file? Then it may stand here."""

__version__ = "0.1.0"
