"""Channels: the forms in which receivers take alerts."""
