"""Certificates of an authority that lives for one test."""

from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization


class Authority:
    """Signs certificates and writes them, as PEM, into `folder`."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "ca.pem"
        """The authority's own certificate."""
        self._authority.cert_pem.write_to_path(self.file)

    def issue(self, name: str, *hosts: str) -> tuple[Path, Path]:
        """Make a certificate for hosts (default: this machine's own); returns its chain and key as files."""
        made = self._authority.issue_cert(*(hosts or ("127.0.0.1", "localhost")), common_name=name)
        chain, key = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        chain.write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
        made.private_key_pem.write_to_path(key)
        return chain, key

    def keystore(self, name: str) -> Path:
        """Make a certificate of this machine; returns key and chain in one file, as Kafka takes them."""
        chain, key = self.issue(name)
        both = self._folder / f"{name}.pem"
        private = serialization.load_pem_private_key(key.read_bytes(), None)
        as_java_reads_it = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        both.write_bytes(as_java_reads_it + chain.read_bytes())
        return both
