"""From a tally of whole numbers to scores with intervals: pure, no clock, no Kafka, no Prometheus."""
