"""How often the detector of drops raises for nothing, and how soon for something: beside other rules.

Simulated NPS answers, whole months of many series at once, seeded. The detector is the product's: its odds
and thresholds are taken from `stream.alerts`, and a test holds its vectorised step to the product's own.
"""
