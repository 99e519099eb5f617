"""Who did what to whom, from where. An entry leaves through the outbox, in the transaction of the change it tells of:
what is rolled back was never recorded, and what cannot be recorded does not happen.
"""

from uuid import UUID

from django.utils import timezone

from shared.context import current, new_id
from shared.contracts.user import RecordAudit
from shared.outbox import publish

DETAIL_LENGTH = 200


def record(*, action: str, subject_kind: str, subject_id: object, **detail: object) -> None:
    """Ask user_service to keep an entry. Actor, roles, address and request id are those of the work in hand; without
    a user (messages, commands, the clock) there is no actor.

    `action` reads `service.noun.verb`. `detail` is kept for ever: ids, names of fields, numbers and codes; never a
    secret, and nothing about a person that has to be erased one day. Raises OutsideTransaction.
    """
    context = current()
    publish(
        RecordAudit(
            entry_id=new_id(),
            at=timezone.now(),
            actor_id=UUID(context.user_id) if context.user_id else None,
            actor_roles=context.roles,
            action=action,
            subject_kind=subject_kind,
            subject_id=str(subject_id),
            address=context.address,
            request_id=context.correlation_id,
            detail={name: str(value)[:DETAIL_LENGTH] for name, value in detail.items()},
        )
    )
