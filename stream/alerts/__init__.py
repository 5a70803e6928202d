"""Drops of scores, raised within a budget of false alarms, and where they come from. Pure, no clock."""
