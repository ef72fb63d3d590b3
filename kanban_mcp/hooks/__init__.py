"""Hooks of clients: what they answer, and when they last ran. `domain/hooks.py` reads them, the service decides."""
