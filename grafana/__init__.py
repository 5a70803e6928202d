"""Dashboards, rules and runbook. Only `grafana.generate` is code; the rest is configuration."""
