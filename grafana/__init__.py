"""Dashboards, rules and runbook. Only `build.py` and `generate/` are code; the rest is configuration."""
