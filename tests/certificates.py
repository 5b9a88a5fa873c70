"""Certificates that tests make for themselves: authorities, and who they vouch for."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_MAY_SIGN = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
_TWO_DAYS = dt.timedelta(days=2)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in files."""

    cert: Path
    key: Path

    def flags(self, side: str) -> list[str]:
        """The settings of "http", "grpc" or "upstream" with this pair."""
        return [f"--{side}-tls-cert={self.cert}", f"--{side}-tls-key={self.key}"]

    def become(self, other: Pair) -> None:
        """Put another pair in the place of this one, each file whole at once."""
        for ours, theirs in ((self.cert, other.cert), (self.key, other.key)):
            new = ours.with_suffix(".new")
            new.write_bytes(theirs.read_bytes())
            os.replace(new, ours)  # noqa: PTH105 - as the tools that renew certificates do


@dataclass
class Authority:
    """A CA whose files lie in a folder."""

    folder: Path
    name: str
    file: Path = field(init=False)

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._cert = self._sign(self.name, self._key, is_ca=True)
        self.file = self.folder / f"{self.name}.pem"
        self.file.write_bytes(self._cert.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, name: str, ends_in: dt.timedelta = _TWO_DAYS, *, for_servers_alone: bool = False
    ) -> Pair:
        """Make a certificate for 127.0.0.1 and `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        pair = Pair(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        use = [ExtendedKeyUsageOID.SERVER_AUTH] if for_servers_alone else []
        cert = self._sign(name, key, is_ca=False, ends_in=ends_in, use=use)
        pair.cert.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
        pair.key.write_bytes(_pem_of(key, serialization.NoEncryption()))
        return pair

    def _sign(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        *,
        is_ca: bool,
        ends_in: dt.timedelta = _TWO_DAYS,
        use: Sequence[x509.ObjectIdentifier] = (),
    ) -> x509.Certificate:
        end = dt.datetime.now(dt.UTC) + ends_in
        begin = end - dt.timedelta(days=365)
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            # RFC 5280 wants these, and Python insists on them from 3.13 on
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if is_ca:
            builder = builder.add_extension(_MAY_SIGN, critical=True)
        if use:
            builder = builder.add_extension(x509.ExtendedKeyUsage(use), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def encrypt_key(pair: Pair) -> None:
    """Put a pass phrase on a key."""
    key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    pair.key.write_bytes(_pem_of(key, serialization.BestAvailableEncryption(b"secret")))


def _pem_of(
    key: ec.EllipticCurvePrivateKey, how: serialization.KeySerializationEncryption
) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
