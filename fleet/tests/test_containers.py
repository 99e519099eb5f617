"""The images, docker-compose.yml and k8s/ say what fleet/table.toml says, and nobody in them is root."""

import os
import re
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization

from benchmarks import cards
from fleet import containers, environment
from fleet.table import ROOT, Service, load

TABLE = load()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
JOBS_AS_ROOT = {"setup", "demo"}
"""They give files on the host to the services' user."""
ELSEWHERE = {"postgres", "redis", "rabbitmq"}
OVERLAYS = ("base", "overlays/dev")
KUBERNETES = "1.32"
needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
Manifest = dict[str, Any]


# ── Images ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("file", ["Dockerfile", "docker/edge.Dockerfile", "docker/auditor.Dockerfile"])
def test_an_image_ends_as_nobody(file: str) -> None:
    last_stage = (ROOT / file).read_text().rpartition("\nFROM ")[2]

    users = re.findall(r"^USER (\d+):(\d+)$", last_stage, re.MULTILINE)

    assert users == [(str(containers.NOBODY), str(containers.NOBODY))]


@pytest.mark.parametrize(
    "file", ["Dockerfile", "docker/edge.Dockerfile", "docker/auditor.Dockerfile", "docker/setup.Dockerfile"]
)
def test_an_image_is_built_on_a_version_and_with_what_is_pinned(file: str) -> None:
    text = (ROOT / file).read_text()

    for base in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        assert _is_pinned(base), base
    for install in re.findall(r"pip install (.*)", text):
        assert "--require-hashes" in install or install.startswith("--no-deps /build/shared"), install
    assert "--mount" not in text, "the classic builder does not know it"


def _is_pinned(image: str) -> bool:
    _name, _colon, tag = image.partition(":")
    return bool(tag) and tag != "latest"


# ── What setup makes ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `setup` writes, without what it does outside its own folder."""
    monkeypatch.setattr(containers, "PLACE", tmp_path)
    monkeypatch.setattr(containers, "_write_edge", lambda _table: None)
    monkeypatch.setattr(containers, "_give", lambda _place: None)
    monkeypatch.setattr(environment, "outside", dict)
    monkeypatch.setattr(environment, "_settings", dict)
    containers.main()
    return tmp_path


def test_a_service_gets_all_of_the_table_s_variables_and_nothing_of_one_machine(place: Path) -> None:
    for service in TABLE.services:
        for name, prepare in _homes(service):
            expected = environment.of(load(var=place / "store"), service, prepare=prepare).keys() - containers.NOT_HERE

            told = environment.read_env_file(place / "of" / name / "env")

            assert told.keys() == expected, name
            assert not [key for key, value in told.items() if "127.0.0.1" in value or str(place) in value], name


def _homes(service: Service) -> list[tuple[str, bool]]:
    """The folders of a service, and whether each is the one to prepare with."""
    return [(service.short, False), *([(f"{service.short}-migrate", True)] if service.database else [])]


def test_the_auditor_has_its_key_and_knows_where_services_are(place: Path) -> None:
    told = environment.read_env_file(place / "of" / "auditor" / "env")

    urls = {f"{service.short.upper()}_URL": f"http://{service.short}:8000" for service in TABLE.services}
    assert told == {**urls, "SERVICE_KEY_FILE": "/run/nexus/own/service.pem", "AUDIT_DIR": "/outgoing/audit"}
    public = (place / "public" / "services" / "auditor.pem").read_bytes()
    assert _public_half((place / "of" / "auditor" / "service.pem").read_bytes()) == public


def _public_half(private: bytes) -> bytes:
    key = serialization.load_pem_private_key(private, password=None).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_only_the_migrate_job_may_declare_queues(place: Path) -> None:
    admins = {file.parent.name for file in place.glob("of/*/env") if "RABBITMQ_ADMIN_URL" in file.read_text()}

    assert admins == {f"{service.short}-migrate" for service in TABLE.services if service.database}


def test_a_database_is_its_owner_s_alone(place: Path) -> None:
    sql = (place / "of" / "postgres" / "databases.sql").read_text()

    for service in TABLE.services:
        name = f"nexus_{service.short}"
        assert (f"CREATE DATABASE {name} OWNER {name} " in sql) is service.database
        assert (f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC;" in sql) is service.database


def test_setup_run_again_keeps_what_is_there(place: Path) -> None:
    before = _contents(place)

    containers.main()

    assert _contents(place) == before


def test_a_retired_key_does_not_come_back_when_setup_runs_again(place: Path) -> None:
    folders = [place / "of" / "user" / "jwt", place / "public" / "jwt"]
    for folder in folders:
        next(folder.glob("*.pem")).rename(folder / "next.pem")

    containers.main()

    for folder in [*folders, place / "of" / "user-migrate" / "jwt"]:
        assert [file.name for file in folder.glob("*.pem")] == ["next.pem"], folder


def test_secrets_are_for_their_owners_only(place: Path) -> None:
    secret = [*place.glob("of/*/env"), *place.glob("of/**/*.pem"), *place.glob("store/secrets/*")]

    assert place.stat().st_mode & 0o077 == 0
    assert len(secret) > 3 * len(TABLE.services)
    assert [file for file in secret if file.stat().st_mode & 0o077 and file.name != ".lock"] == []


def _contents(place: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in place.rglob("*") if file.is_file()}


# ── docker-compose.yml ───────────────────────────────────────────────────────────────────────────────────────────────


def test_compose_runs_each_process_of_the_table() -> None:
    expected = {"auditor"}
    for service in TABLE.services:
        expected |= {service.short}
        expected |= {f"{service.short}-worker"} if service.worker else set()
        expected |= {f"{service.short}-migrate"} if service.database else set()

    ours = {
        name
        for name, container in COMPOSE["services"].items()
        if name not in ELSEWHERE | {"setup", "nginx"} and "profiles" not in container
    }

    assert ours == expected


def test_every_container_of_a_service_runs_its_image() -> None:
    for service in TABLE.services:
        for name in (service.short, f"{service.short}-worker", f"{service.short}-migrate"):
            if container := COMPOSE["services"].get(name):
                assert container["image"].partition(":")[0] == f"nexus/{service.name}", name


def test_a_container_sees_its_own_secrets_only() -> None:
    for name, container in COMPOSE["services"].items():
        own = {volume.split(":")[0] for volume in container.get("volumes", []) if "/containers/of/" in volume}
        short = re.sub(r"-(worker|demo)$", "", name)

        assert all(re.match(rf"\./var/containers/of/{short}(/|$)", folder) for folder in own), name


def test_every_image_of_compose_has_a_version() -> None:
    images = {container["image"] for container in COMPOSE["services"].values()}

    assert [image for image in images if not _is_pinned(image)] == []


def test_containers_of_ours_may_do_nothing_special() -> None:
    for name, container in COMPOSE["services"].items():
        if name in ELSEWHERE | JOBS_AS_ROOT:
            continue
        assert container["read_only"] is True, name
        assert container["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in container["security_opt"], name
        assert "user" not in container, name


def test_nothing_is_published_but_the_edge() -> None:
    assert [name for name, container in COMPOSE["services"].items() if "ports" in container] == ["nginx"]


def test_no_secret_stands_in_compose() -> None:
    told = {
        key: value
        for container in COMPOSE["services"].values()
        for key, value in container.get("environment", {}).items()
    }

    assert set(told) == {"NEXUS_PORT", "PUBLIC_URL", "POSTGRES_PASSWORD_FILE", *containers.BUCKET}
    assert {told[name] for name in containers.BUCKET} == {f"${{{name}:-}}" for name in containers.BUCKET}


# ── k8s/ ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def render(overlay: str) -> list[Manifest]:
    command = ["kubectl", "kustomize", str(ROOT / "k8s" / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": os.environ["PATH"], "HOME": "/nowhere"})
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(manifests: list[Manifest], *kinds: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in manifests if one["kind"] in kinds}


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    found = of_kind(manifests, "Deployment", "Job")
    by_the_clock = of_kind(manifests, "CronJob")
    jobs = {name: one["spec"]["jobTemplate"]["spec"]["template"]["spec"] for name, one in by_the_clock.items()}
    return jobs | {name: manifest["spec"]["template"]["spec"] for name, manifest in found.items()}


def processes(pod: Manifest) -> list[Manifest]:
    return [*pod.get("initContainers", []), *pod["containers"]]


@pytest.fixture(scope="module")
def base() -> list[Manifest]:
    return render("base")


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_what_kubernetes_expects(overlay: str) -> None:
    schemas = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate (100 MB) is not installed")

    for manifest in render(overlay):
        schemas.validate(manifest, KUBERNETES, strict=True)


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_runs_each_process_of_the_table(overlay: str) -> None:
    manifests = render(overlay)
    web = {f"{service.short}-web" for service in TABLE.services}
    workers = {f"{service.short}-worker" for service in TABLE.services if service.worker}
    migrations = {f"{service.short}-migrate" for service in TABLE.services if service.database}

    assert set(of_kind(manifests, "Deployment")) == web | workers | {"nginx"}
    assert set(of_kind(manifests, "Job")) == migrations
    assert set(of_kind(manifests, "CronJob")) == {"auditor"}
    assert set(of_kind(manifests, "Service")) == {service.short for service in TABLE.services} | {"nginx"}
    assert set(of_kind(manifests, "HorizontalPodAutoscaler")) == web | workers
    assert set(of_kind(manifests, "PodDisruptionBudget")) == web | {"nginx"}
    assert set(of_kind(manifests, "NetworkPolicy")) == web | {"nginx", "nobody"}


@needs_kubectl
def test_every_pod_runs_the_image_of_its_service(base: list[Manifest]) -> None:
    for name, pod in pods(base).items():
        for container in processes(pod) if name not in {"nginx", "auditor"} else []:
            service = TABLE.service(name.rpartition("-")[0])

            assert container["image"].partition(":")[0] == f"nexus/{service.name}", name
    assert all(_is_pinned(container["image"]) for pod in pods(base).values() for container in processes(pod))


@needs_kubectl
def test_no_pod_runs_as_root_or_writes_to_its_image(base: list[Manifest]) -> None:
    for name, pod in pods(base).items():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["runAsUser"] == containers.NOBODY
        assert pod["automountServiceAccountToken"] is False
        for container in processes(pod):
            rights = container["securityContext"]
            assert rights["readOnlyRootFilesystem"] is True, name
            assert rights["capabilities"] == {"drop": ["ALL"]}, name
            assert rights["allowPrivilegeEscalation"] is False, name
            assert container["resources"].keys() == {"requests", "limits"}, name


@needs_kubectl
@pytest.mark.parametrize("name", [service.name for service in TABLE.services])
def test_what_was_measured_reaches_the_pods_and_their_autoscalers(base: list[Manifest], name: str) -> None:
    asked, short = cards.asks(cards.kept(), name), name.removesuffix("_service")
    scalers = of_kind(base, "HorizontalPodAutoscaler")

    for part, ask in (("web", asked.web), ("worker", asked.worker)):
        if ask:
            [container] = pods(base)[f"{short}-{part}"]["containers"]
            assert container["resources"]["requests"] == {"cpu": f"{ask.cpu}m", "memory": f"{ask.memory}Mi"}
    if asked.worker:
        [metric] = scalers[f"{short}-worker"]["spec"]["metrics"]
        assert metric["external"]["metric"]["selector"]["matchLabels"] == {"queue": short}
        assert metric["external"]["target"]["averageValue"] == str(asked.queue)


@needs_kubectl
def test_a_service_s_selectors_find_its_own_pods_and_no_others(base: list[Manifest]) -> None:
    labels = {
        name: one["spec"]["template"]["metadata"]["labels"] for name, one in of_kind(base, "Deployment", "Job").items()
    }
    for service in of_kind(base, "Service").values():
        wanted = service["spec"]["selector"].items()
        name = service["metadata"]["name"]

        found = [pod for pod, told in labels.items() if wanted <= told.items()]

        assert found == [name if name == "nginx" else f"{name}-web"]


@needs_kubectl
def test_a_service_is_reached_by_nginx_the_gateway_and_those_that_call_it(base: list[Manifest]) -> None:
    also = {"cart-web": ["order"], "payment-web": ["payment"]}

    for name, policy in of_kind(base, "NetworkPolicy").items():
        if name in {"nginx", "nobody"}:
            continue
        [rule] = policy["spec"]["ingress"]
        [expression] = rule["from"][0]["podSelector"]["matchExpressions"]
        assert expression["values"] == ["nginx", "gateway", "auditor", *also.get(name, [])]
        assert policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == name.removesuffix("-web")
    assert of_kind(base, "NetworkPolicy")["nobody"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}


@needs_kubectl
def test_web_processes_are_probed_where_they_answer(base: list[Manifest]) -> None:
    for name, pod in pods(base).items():
        if name.endswith("-web"):
            [container] = pod["containers"]
            assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
            assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"


@needs_kubectl
def test_there_are_no_secrets_among_the_manifests(base: list[Manifest]) -> None:
    assert of_kind(base, "Secret") == {}


@needs_kubectl
def test_secrets_and_settings_together_are_the_table_s_variables(base: list[Manifest], place: Path) -> None:
    made = _made_from(place)
    settings = of_kind(base, "ConfigMap")["fleet"]["data"]

    for service in TABLE.services:
        for home, prepare in _homes(service):
            secret = b64decode(made[home]["data"]["env"]).decode()
            told = set(settings) | set(re.findall(r"^(\w+)=", secret, re.MULTILINE)) | _variables_of(base, home)
            images_own = {"DJANGO_SETTINGS_MODULE", "PYTHONUNBUFFERED"}
            wanted = environment.of(load(var=place / "store"), service, prepare=prepare).keys() - containers.NOT_HERE

            assert wanted - told - images_own == set(), home
            assert not settings.keys() & set(re.findall(r"^(\w+)=", secret, re.MULTILINE)), home
            assert ("RABBITMQ_ADMIN_URL" in secret) is prepare, home
            assert not re.search(r"@postgres:|@rabbitmq:|//redis:", secret), home


def _made_from(place: Path) -> dict[str, Manifest]:
    servers = {"POSTGRES": "pg.example:5432", "RABBITMQ": "mq.example:5672", "REDIS": "cache.example:6379"}
    variables = {"PATH": os.environ["PATH"], "HOME": "/nowhere", **servers}
    command = [str(ROOT / "k8s" / "secrets.sh"), str(place)]
    done = subprocess.run(command, capture_output=True, text=True, env=variables)
    assert done.returncode == 0, done.stderr
    return {one["metadata"]["name"]: one for one in yaml.safe_load_all(done.stdout) if one}


def _variables_of(base: list[Manifest], home: str) -> set[str]:
    pod = pods(base)[home if home.endswith("-migrate") else f"{home}-web"]
    return {variable["name"] for variable in pod["containers"][0].get("env", [])}


@needs_kubectl
def test_every_secret_and_key_that_a_pod_mounts_is_one_that_is_made(base: list[Manifest], place: Path) -> None:
    made = _made_from(place)
    for name, pod in pods(base).items():
        for volume in pod["volumes"]:
            secret = volume.get("secret", {}).get("secretName")
            shown = volume.get("configMap", {}).get("name")

            assert secret is None or made[secret]["kind"] == "Secret", name
            assert shown is None or made[shown]["kind"] == "ConfigMap", name
            if volume["name"] == "own":
                assert secret == (name if name.endswith("-migrate") or name == "auditor" else name.rpartition("-")[0])
