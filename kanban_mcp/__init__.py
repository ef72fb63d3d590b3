"""A shared task board for coding agents, served over the Model Context Protocol.

This module imports nothing: the process that a client starts has to answer before a heavy import could finish.
"""

__version__ = "0.1.0"
