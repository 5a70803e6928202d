"""The parts of the oracle (tests/support/oracle.py); nothing here may import the service."""
