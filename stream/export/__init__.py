"""Scores and the service's own figures on their way out: metrics, JSON, and the live page."""
