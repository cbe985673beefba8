# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for TLS tests: a good CA, one as old arrays have it, and what they sign."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Signed:
    """A certificate with its key, in memory and as PEM files."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    cert_path: str
    key_path: str

    @property
    def chain(self) -> tuple[str, str]:
        """What a server needs."""
        return self.cert_path, self.key_path


class Certificates:
    """Makes certificates below a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.ca = self.authority("ca")
        #: Without keyUsage and key identifiers, as storage arrays have made them for decades.
        self.old_ca = self.authority("old-ca", modern=False)
        self.good = self.issue("good", self.ca)
        self.by_old_ca = self.issue("by-old-ca", self.old_ca, modern=False)
        self.expired = self.issue("expired", self.ca, days=-1)
        self.other_name = self.issue("other-name", self.ca, host="storage.example.com")
        self.self_signed = self.issue("self-signed", None)
        self.client = self.issue("client", self.ca)

    def authority(self, name: str, modern: bool = True) -> Signed:
        """Return a CA; not modern: without the extensions that Python 3.13 insists on."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, key, name, days=30).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        if modern:
            builder = builder.add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            ).add_extension(_signing_usage(), critical=True)
        return self._written(name, builder.sign(key, hashes.SHA256()), key)

    def issue(
        self,
        name: str,
        issuer: Signed | None,
        *,
        host: str = "127.0.0.1",
        days: int = 30,
        modern: bool = True,
    ) -> Signed:
        """Return a certificate for a host, signed by a CA or by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        signer = issuer.key if issuer else key
        issuer_name = issuer.certificate.subject if issuer else None
        alternative = (
            x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        )
        builder = self._builder(name, key, issuer_name, days).add_extension(
            x509.SubjectAlternativeName([alternative]), critical=False
        )
        if issuer and modern:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
        return self._written(name, builder.sign(signer, hashes.SHA256()), key)

    def _builder(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        issuer: x509.Name | str | None,
        days: int,
    ) -> x509.CertificateBuilder:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer if isinstance(issuer, x509.Name) else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 60 * _DAY)
            .not_valid_after(now + days * _DAY)
        )

    def _written(
        self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> Signed:
        cert_path, key_path = self._directory / f"{name}.pem", self._directory / f"{name}.key"
        cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return Signed(certificate, key, str(cert_path), str(key_path))


def _signing_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
