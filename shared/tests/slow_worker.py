"""A worker as `manage.py work` is one, whose handler takes its time: python slow_worker.py <seconds>.

It says on standard output which message it begins and ends.
"""

import sys
import threading
from types import ModuleType

import django
from django.core.management import call_command

django.setup()

from shared.contracts.order import OrderCancelled  # noqa: E402 -- after the settings


def handle(message: OrderCancelled) -> None:
    print(f"begun {message.reason}", flush=True)
    threading.Event().wait(float(sys.argv[1]))
    print(f"ended {message.reason}", flush=True)


door = ModuleType("order_service.subscriptions")
door.__dict__.update(SUBSCRIPTIONS={OrderCancelled: handle}, SCHEDULE={})
sys.modules["order_service.subscriptions"] = door
call_command("work")
