"""The same pictures in an S3-compatible store: a real server, asked over HTTP."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image as Pillow

from catalog_service.actions import files, images, pictures
from catalog_service.models import DiscardedFile, Image, Product
from shared import env
from shared.testing import body, client_as
from tests.factories import make_product

pytestmark = pytest.mark.django_db
KEYS = {"key": "AKIATEST", "secret": "only-for-tests"}
READABLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::<bucket>/*"},
    ],
}
"""What docs/operations/media.md tells operators to give their bucket."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an S3 server that lives as long as this module's tests."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    for line in process.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            yield found[0]
            break
    process.terminate()
    process.wait(10)


@pytest.fixture
def bucket(server: str, settings: Any, request: pytest.FixtureRequest) -> Any:
    """A bucket of the test's own, in which the service keeps its pictures."""
    name = re.sub("[^a-z]+", "-", request.node.name)[:60].strip("-")
    credentials = {"aws_access_key_id": KEYS["key"], "aws_secret_access_key": KEYS["secret"]}
    made = boto3.resource("s3", endpoint_url=server, region_name="us-east-1", **credentials).create_bucket(Bucket=name)
    made.Policy().put(Policy=json.dumps(READABLE).replace("<bucket>", name))
    keep_in(settings, name, server)
    return made


def keep_in(settings: Any, name: str, endpoint: str) -> None:
    kept = env.bucket(name, endpoint=endpoint, region="us-east-1", **KEYS)
    settings.STORAGES = {**settings.STORAGES, "default": kept}
    settings.MEDIA_URL = f"{env.media_url('', name, endpoint, 'us-east-1')}/"


def upload(product: Product) -> Any:
    buffer = io.BytesIO()
    Pillow.new("RGB", (2_000, 1_000), "teal").save(buffer, "PNG")
    client = client_as("vendor", vendor_id=product.vendor_id)
    file = SimpleUploadedFile("a.png", buffer.getvalue())
    return client.post(f"/api/v1/products/{product.id}/images", {"image": file}, format="multipart")


def keys(bucket: Any) -> set[str]:
    return {found.key for found in bucket.objects.all()}


def test_pictures_and_thumbnails_are_fetched_from_the_bucket_and_may_be_kept_for_ever(bucket: Any) -> None:
    product = make_product()

    uploaded = upload(product)
    made = images.make_thumbnails()

    assert (uploaded.status_code, made) == (201, 1)
    image = body(client_as().get(f"/api/v1/products/{product.id}"))["images"][0]
    for url, kind in [(image["url"], "image/jpeg"), *((url, "image/webp") for url in image["thumbnails"].values())]:
        assert url.startswith(f"{bucket.meta.client.meta.endpoint_url}/{bucket.name}/products/")
        fetched = httpx.get(url, trust_env=False)
        assert (fetched.status_code, fetched.headers["content-type"]) == (200, kind)
        assert fetched.headers["cache-control"] == "public, max-age=31536000, immutable"
        Pillow.open(io.BytesIO(fetched.content)).load()
    assert len(keys(bucket)) == 4


def test_what_nobody_points_at_is_deleted_from_the_bucket(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    product, then = make_product(), timezone.now() - timedelta(days=3)
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: then)
        upload(product)
        removed = body(upload(product))["id"]
        pictures.store(Pillow.new("RGB", (9, 9)))  # and the process is killed here
    images.make_thumbnails()
    images.remove_image(product=str(product.id), vendor_id=None, image_id=removed)

    found = files.sweep_files()
    DiscardedFile.objects.update(due_at=timezone.now())
    files.delete_discarded()

    assert found == 5
    assert keys(bucket) == set(Image.objects.get().files)


def test_a_store_that_is_away_is_no_bug_of_ours(settings: Any) -> None:
    keep_in(settings, "nowhere", "http://127.0.0.1:9")

    refused = upload(make_product())

    assert (refused.status_code, body(refused)["code"], refused["Retry-After"]) == (503, "unavailable", "5")
    assert not Image.objects.exists()
