"""RabbitMQ: the topology, the relay that empties the outbox, the consumer that fills the inbox, the dead queue.

    outbox ──relay──▶ exchange nexus ──▶ queue <service> ──consumer──▶ inbox + handler
                                            ▲      │ fails, may work later
                      <service>.wait.1s … ──┘◀─────┤
                                                   └ never will ──▶ <service>.dead

The only place that imports pika. One connection publishes, another consumes: a memory alarm stops a connection that
has published, its acks too. Confirms and `mandatory` are on: without the latter a confirm says nothing about a queue.
"""

from shared.rabbit.consumer import Consumer
from shared.rabbit.dead import DeadMessage, dead_messages, drop_dead, replay_dead
from shared.rabbit.relay import Publisher, Relay
from shared.rabbit.topology import EXCHANGE, LOST, TIERS, channel, dead_queue, provision, wait_queue

__all__ = [
    "EXCHANGE",
    "LOST",
    "TIERS",
    "Consumer",
    "DeadMessage",
    "Publisher",
    "Relay",
    "channel",
    "dead_messages",
    "dead_queue",
    "drop_dead",
    "provision",
    "replay_dead",
    "wait_queue",
]
