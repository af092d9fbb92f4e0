"""Alerts: rules are evaluated, changes are written down, and what they say is delivered until somebody has it."""
