"""Raw connections to a server object inside the process, as the server's own tests have them."""

from tests.server.conftest import raw

__all__ = ["raw"]
