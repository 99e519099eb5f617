"""What only the auditor may ask; NGINX does not route it."""

from shared import evidence
from vendor_service.actions.repairs import REPAIRS
from vendor_service.queries.evidence import CHECKS, TOPICS

paths = evidence.paths(topics=TOPICS, checks=CHECKS, repairs=REPAIRS)
