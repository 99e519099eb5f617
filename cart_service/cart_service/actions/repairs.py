"""What the auditor may have mended. Each may be asked twice."""

from cart_service.actions.projection import rebuild_these
from shared.evidence import Repairs

REPAIRS: Repairs = {"offers": rebuild_these}
