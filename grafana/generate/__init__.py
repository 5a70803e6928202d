"""Makes the generated files (dashboards, docs/metrics.md) from the metric catalogue.

Run as ``python -m grafana.generate``; with ``--check`` it only says what is out of date.
"""
