"""Capacity cards: what Kubernetes is asked for is what follows from what was measured."""

import pytest
import yaml

from benchmarks import cards
from fleet.table import ROOT, load

SERVICES = [service.name for service in load().services]
WEB = {"rss": 100.0, "requests": [{"cores": 0.9}, {"cores": 0.5}]}


def measured(**worker: float) -> cards.Json:
    """One service: a web process that took 0.9 of a processor and 100 MiB, and a worker."""
    one = {"web": WEB, "requests": WEB["requests"], "worker": {"rss": 130.0, "connections": 6}, "messages": worker}
    return {"services": {"order_service": one}}


def test_a_replica_asks_for_what_was_measured_and_some_room() -> None:
    asked = cards.asks(measured(received=4.0, sent=3.0, cpu_ms=20.0), "order_service")

    assert asked.web == cards.Ask(cpu=250, memory=128, limit=256)  # a quarter of 900 m and 125 MiB, in steps
    assert asked.worker == cards.Ask(cpu=150, memory=192, limit=384)  # 5 orders a second of 20 ms are 70 %
    assert asked.queue == 400  # 200 messages a second, 2 s


def test_a_worker_that_no_order_concerns_is_scaled_as_the_slowest_of_the_others() -> None:
    told = measured(received=4.0, sent=3.0, cpu_ms=20.0)
    told["services"]["user_service"] = measured(received=0.0, sent=0.0, cpu_ms=0.0)["services"]["order_service"]

    assert cards.messages_a_second(told["services"]["user_service"]) is None
    assert cards.queue(told, "user_service") == cards.queue(told, "order_service")


def test_each_service_has_a_card_that_its_readme_names() -> None:
    told = cards.kept()

    assert list(told["services"]) == SERVICES
    assert (cards.FOLDER / "README.md").read_text() == cards.overview(told)
    for name in SERVICES:
        short = name.removesuffix("_service")
        assert (cards.FOLDER / f"{short}.md").read_text() == cards.card(told, name)
        assert f"(../docs/capacity/{short}.md)" in (ROOT / name / "README.md").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_kubernetes_is_asked_for_what_the_card_says(name: str) -> None:
    folder = cards.KUBERNETES / name.removesuffix("_service")
    asked = cards.asks(cards.kept(), name)

    manifests = list(yaml.safe_load_all((folder / "capacity.yaml").read_text()))

    assert (folder / "capacity.yaml").read_text() == cards.manifest(folder.name, asked)
    assert {"path": "capacity.yaml"} in yaml.safe_load((folder / "kustomization.yaml").read_text())["patches"]
    for manifest, ask in zip(manifests, (asked.web, asked.worker), strict=False):
        [container] = manifest["spec"]["template"]["spec"]["containers"]
        assert container["resources"] == {
            "requests": {"cpu": f"{ask.cpu}m", "memory": f"{ask.memory}Mi"},
            "limits": {"memory": f"{ask.limit}Mi"},
        }


@pytest.mark.parametrize(("part", "most"), [("web", cards.MOST_WEBS), ("worker", cards.MOST_WORKERS)])
def test_the_autoscalers_have_the_replicas_that_the_cards_tell(part: str, most: int) -> None:
    [scaler, *_] = yaml.safe_load_all((ROOT / "k8s" / "parts" / part / "scaling.yaml").read_text())

    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (cards.REPLICAS, most)
    if part == "web":
        [metric] = scaler["spec"]["metrics"]
        assert metric["resource"]["target"]["averageUtilization"] == round(cards.UTILISATION * 100)
