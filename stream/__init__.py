"""Live customer-experience scores: from Kafka events to Prometheus gauges."""

__version__ = "0.1.0"
