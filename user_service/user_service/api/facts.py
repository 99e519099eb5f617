"""What only the auditor may ask; NGINX does not route it."""

from shared import facts
from user_service.actions.repairs import REPAIRS
from user_service.queries.facts import CHECKS, FACTS

paths = facts.paths(facts=FACTS, checks=CHECKS, repairs=REPAIRS)
