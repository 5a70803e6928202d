"""A real Kafka that asks who is there: SASL over TLS, and certificates on both sides."""

from pathlib import Path

from tests.support.certificates import Authority
from tests.support.kafka import Broker
from tests.support.ports import free_ports

USER = "cx"
SCRAM_PASSWORD = "s0-Secret-scram-8f3a"  # noqa: S105 - of this broker
PLAIN_PASSWORD = "s0-Secret-plain-8f3a"  # noqa: S105 - as above
_PLAIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


class SecureBroker:
    """One node with four listeners; `sasl`, `mtls` and `sasl_in_clear` are their `host:port`."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "pki")
        ports = free_ports(3)
        self.sasl, self.mtls, self.sasl_in_clear = (f"127.0.0.1:{port}" for port in ports)
        listeners = (
            "PLAINTEXT://127.0.0.1:{port},"
            f"SASL_SSL://{self.sasl},SSL://{self.mtls},SASL_PLAINTEXT://{self.sasl_in_clear}"
        )
        plain = f'{_PLAIN_MODULE} user_{USER}="{PLAIN_PASSWORD}";'
        extra = {
            "listeners": listeners + ",CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": ",".join(
                ("CONTROLLER:PLAINTEXT", *(f"{name}:{name}" for name in _PROTOCOLS))
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.authority.keystore("broker")),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority.file),
            "listener.name.ssl.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        }
        for listener in ("sasl_ssl", "sasl_plaintext"):
            extra[f"listener.name.{listener}.plain.sasl.jaas.config"] = plain
            extra[f"listener.name.{listener}.scram-sha-512.sasl.jaas.config"] = _SCRAM_MODULE
        user = f"SCRAM-SHA-512=[name={USER},password={SCRAM_PASSWORD}]"
        self.broker = Broker(folder, extra, ["--add-scram", user])


_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT")
