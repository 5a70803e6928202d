"""What the generated files (dashboards, docs/metrics.md) are made of. `grafana.build` writes them."""
