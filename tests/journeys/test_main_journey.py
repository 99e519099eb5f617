from fleet import journey
from fleet.client import Market


def test_the_main_journey_holds_step_by_step(market: Market) -> None:
    steps = list(journey.run(market))

    assert [step.title for step in steps] == list(journey.STEPS)
    assert all(step.checked for step in steps)
