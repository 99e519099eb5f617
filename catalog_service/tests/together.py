"""Things done at one moment, each in a thread with a connection of its own."""

import threading
from collections.abc import Callable, Iterable

from shared.testing import in_parallel

Job = Callable[[], object]


def run_together(jobs: Iterable[Job]) -> list[Exception]:
    """Run each job in a thread of its own, all started at one moment; answers what they raised."""
    every = list(jobs)
    answers = in_parallel(len(every), lambda number: every[number]())
    return [answer for answer in answers if isinstance(answer, Exception)]


def in_rounds(rounds: int, *turns: Callable[[int], object]) -> list[Exception]:
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
