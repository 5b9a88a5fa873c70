"""Metrics of processes and certificates."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily

from tests.certificates import Authority
from tidings.app.process_metrics import merged, own_registry, show_certificate
from tidings.app.tls.expiry import ends_at_s

END = "tidings_certificate_end_timestamp_seconds"


def test_a_process_is_told_by_the_name_of_its_part() -> None:
    registry = own_registry("gateway")
    part = {"process": "gateway"}
    assert (registry.get_sample_value("process_resident_memory_bytes", part) or 0) > 1e6
    (info,) = (each for each in registry.collect() if each.name == "tidings_build_info")
    assert set(info.samples[0].labels) == {"process", "version", "python", "grpc"}


def test_families_of_one_name_become_one() -> None:
    one, two, other = (GaugeMetricFamily(name, "x", labels=("a",)) for name in ("n", "n", "o"))
    one.add_metric(("1",), 1.0)
    two.add_metric(("2",), 2.0)
    found = list(merged([one, other, two]))
    assert [each.name for each in found] == ["n", "o"]
    assert [sample.value for sample in found[0].samples] == [1.0, 2.0]


def test_the_end_of_a_certificate_is_the_one_that_stands_in_it(tmp_path: Path) -> None:
    pair = Authority(tmp_path, "ca").issue("service")
    expected = x509.load_pem_x509_certificate(pair.cert.read_bytes()).not_valid_after_utc
    assert ends_at_s(str(pair.cert)) == expected.timestamp()
    registry = CollectorRegistry()
    show_certificate(registry, "http", str(pair.cert))
    assert registry.get_sample_value(END, {"listener": "http"}) == expected.timestamp()
    pair.cert.write_text("nothing")
    assert registry.get_sample_value(END, {"listener": "http"}) == 0
    pair.cert.unlink()
    assert registry.get_sample_value(END, {"listener": "http"}) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----",
    ],
)
def test_what_is_no_certificate_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.pem"
    file.write_text(text)
    with pytest.raises(ValueError, match="holds no certificate"):
        ends_at_s(str(file))


def test_times_of_both_kinds_are_read(tmp_path: Path) -> None:
    # the shortest structure that has a validity: version, serial, algorithm, issuer, validity
    def tlv(tag: int, content: bytes) -> bytes:
        return bytes((tag, len(content))) + content

    for tag, text, year in (
        (0x17, b"491231235959Z", 2049),
        (0x17, b"500101000000Z", 1950),
        (0x18, b"20500101000000Z", 2050),
    ):
        validity = tlv(0x30, tlv(0x17, b"200101000000Z") + tlv(tag, text))
        body = tlv(0xA0, b"") + tlv(2, b"\1") + tlv(0x30, b"") + tlv(0x30, b"") + validity
        file = tmp_path / "x.pem"
        file.write_text(ssl.DER_cert_to_PEM_cert(tlv(0x30, tlv(0x30, body))))
        assert time.gmtime(ends_at_s(str(file))).tm_year == year


def test_without_a_file_there_is_no_certificate_to_show() -> None:
    registry = CollectorRegistry()
    show_certificate(registry, "http", "")
    assert list(registry.collect()) == []
