"""Between Kafka and the pure steps: clients, batches, changelogs, recovery."""
