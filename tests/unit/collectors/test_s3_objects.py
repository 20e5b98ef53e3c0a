"""Objects of S3: whole or not at all, and never beyond the cap."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from cloud.clients import Clients
from cloud.faults import NotFree, ServiceFailure
from collectors import s3_objects
from core.money import Money

PLACE = ("a-bucket", "folder/a.gz")


def answering(clients: Clients, content: bytes, **expected: str) -> Stubber:
    """Let S3 answer with `content` to one request for the object."""
    stubber = Stubber(clients.client(clients.scopes()[0], "s3"))
    body = StreamingBody(io.BytesIO(content), len(content))
    stubber.add_response("get_object", {"Body": body}, {"Bucket": PLACE[0], "Key": PLACE[1], **expected})
    stubber.activate()
    return stubber


def test_an_object_is_fetched_whole(rich: Clients, tmp_path: Path) -> None:
    with answering(rich, b"12345", IfMatch="v1"):
        s3_objects.download(rich, rich.scopes()[0], PLACE, tmp_path / "a", size=5, etag="v1")
    assert (tmp_path / "a").read_bytes() == b"12345"


def test_of_an_answer_that_broke_off_nothing_is_left(rich: Clients, tmp_path: Path) -> None:
    folder = tmp_path / "objects"
    folder.mkdir()
    with answering(rich, b"123"), pytest.raises(ServiceFailure, match=r"a.gz broke off after 3 of 5 bytes"):
        s3_objects.download(rich, rich.scopes()[0], PLACE, folder / "a", size=5)
    assert list(folder.iterdir()) == []


def test_what_a_cap_does_not_leave_is_not_fetched(clients: Clients, rich: Clients) -> None:
    assert s3_objects.price(rich, s3_objects.GET, 1_000) == Money(Decimal("0.0004"))
    s3_objects.afford(rich, 1_000)
    s3_objects.afford(clients, 0)
    with pytest.raises(NotFree, match="1 object costs"):
        s3_objects.afford(clients, 1)
