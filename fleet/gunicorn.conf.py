# ruff: noqa: N999
"""Gunicorn for every web process: one process, a few threads. HUP starts new code without refusing a request.

No `preload_app`: with it HUP would keep the old code, and a database pool opened before the fork breaks in the forks.
"""

import contextlib
import ctypes
import gc
import os
import signal

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ['PORT']}"
workers = int(os.environ.get("WEB_PROCESSES", "1"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 30
graceful_timeout = 10
keepalive = 75
"""Longer than NGINX keeps its idle connections (60 s): the side that sends must not be the one surprised by a close."""
limit_request_line = 0
"""The edge has measured it (16 kB); Gunicorn's own refusal would be a page, not a problem document."""
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
errorlog = "-"
loglevel = "warning"


def post_fork(_server, _worker):  # type: ignore[no-untyped-def]
    """A worker whose master was killed ends at once instead of holding the port."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)


def post_worker_init(_worker):  # type: ignore[no-untyped-def]
    """What is there before the first request stays: to look through it for garbage would take 70 ms each time."""
    gc.collect()
    gc.freeze()


def post_request(_worker, request, _environ, _response):  # type: ignore[no-untyped-def]
    """Read what the view left of a body: Gunicorn closes the connection over more than 64 kB of it, after it has said
    that it keeps it, and what NGINX sends there next is answered with 502, whoever asked.
    """
    with contextlib.suppress(Exception):  # who sent it has gone
        while request.body.read(65536):
            pass
