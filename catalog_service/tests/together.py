"""Things done at one moment, each in a thread with a connection of its own."""

import threading
from collections.abc import Callable, Iterable

from django.db import connection

Job = Callable[[], object]


def run_together(jobs: Iterable[Job]) -> list[BaseException]:
    """Run each job in a thread of its own, all started at one moment; answers what they raised."""
    jobs, errors = list(jobs), []
    gate = threading.Barrier(len(jobs))

    def run(job: Job) -> None:
        try:
            gate.wait(20)
            job()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


def in_rounds(rounds: int, *turns: Callable[[int], object]) -> list[BaseException]:
    """Each of `turns` in a thread that lasts, which all begin each round at one moment."""
    gate = threading.Barrier(len(turns))

    def play(turn: Callable[[int], object]) -> None:
        try:
            for number in range(rounds):
                gate.wait(60)
                turn(number)
        except BaseException:
            gate.abort()
            raise

    errors = run_together([lambda turn=turn: play(turn) for turn in turns])
    return [error for error in errors if not isinstance(error, threading.BrokenBarrierError)]
