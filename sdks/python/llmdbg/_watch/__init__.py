"""Layers of a model while it trains: norms, activations, attention, and where the first non-finite number came from."""
