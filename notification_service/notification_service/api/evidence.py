"""What only the auditor may ask; NGINX does not route it."""

from notification_service.actions.repairs import REPAIRS
from notification_service.queries.evidence import CHECKS, TOPICS
from shared import evidence

paths = evidence.paths(topics=TOPICS, checks=CHECKS, repairs=REPAIRS)
