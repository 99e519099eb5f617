"""What only the auditor may ask; NGINX does not route it."""

from payment_service.actions.repairs import REPAIRS
from payment_service.queries.facts import CHECKS, FACTS
from shared import facts

paths = facts.paths(facts=FACTS, checks=CHECKS, repairs=REPAIRS)
