"""Messages: frozen data with a type string written out. Events are past tense, named by the teller; commands are
imperative, named by the doer. The envelope has CloudEvents 1.0 names (https://cloudevents.io) plus extensions.

    Message
    ├── Event      told to whom it may concern: "order.order_confirmed.v1"
    └── Command    asked of one service:        "catalog.reserve_stock.v1"
"""

from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.context import Context


class Message(BaseModel):
    """Base of every contract. Readers ignore fields they do not know: additive changes break nobody."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    """Routing key and wire name, `<service>.<what_happened>.v<n>`."""
    key: ClassVar[str]
    """The field that names the aggregate; messages of one aggregate keep their order."""
    sensitive: ClassVar[bool] = False
    """Carries a secret: never shown, and erased from the outbox as soon as the broker has it."""

    @property
    def subject(self) -> str:
        return str(getattr(self, self.key))

    @classmethod
    def owner(cls) -> str:
        """Short name of the service that tells the event or does the command."""
        return cls.type.split(".", 1)[0]


class Event(Message):
    unheard: ClassVar[bool] = False
    """Nobody subscribes yet, so the broker may drop it. Publishing any other event that no queue takes is an error."""


class Command(Message):
    asked_by: ClassVar[tuple[str, ...]]
    """Short names of the services that may ask."""


class Envelope(BaseModel):
    """A message on the wire (CloudEvents structured mode, JSON)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = "1.0"
    id: UUID
    source: str
    type: str
    subject: str
    time: AwareDatetime
    datacontenttype: str = "application/json"
    correlationid: str
    causationid: str | None = None
    traceparent: str | None = None
    aggregateversion: int | None = None
    data: dict[str, object] = Field(default_factory=dict)


M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Received(Generic[M]):
    """One of several messages that are handled together; what is done for it alone is done in its context."""

    message: M
    context: Context


class MoneyData(BaseModel):
    """Money inside a message: whole minor units, never a decimal string that someone has to parse."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    minor: int
    currency: str = Field(pattern=r"^[A-Z]{3}$")
