"""Prices: what a call costs, and how history is priced again when prices change."""
