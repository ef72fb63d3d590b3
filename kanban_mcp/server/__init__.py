"""The MCP server. This module imports nothing: the session front (`front.py`) is loaded before any heavy import."""
