"""The seam to what looks at files and git: the service says what to check, `verify/` looks, the gates decide."""

from typing import Protocol

from kanban_mcp.domain.checks import CheckJob, Findings
from kanban_mcp.domain.evidence import Check


class Verifier(Protocol):
    """Looks at evidence and acceptance. Runs outside every transaction and may take long."""

    async def check(self, job: CheckJob) -> Findings:
        """Return one check per criterion and handle, in order; a check that could not look has `passed=None`."""
        ...


class NoVerifier:
    """A board without eyes: everything stays unverified, so a person has to look."""

    async def check(self, job: CheckJob) -> Findings:
        """Return every criterion and handle as unverified."""
        asked = [(c.kind, c.text) for c in job.acceptance] + [(e.kind, e.subject) for e in job.evidence]
        return Findings(tuple(Check(kind, name, None, "not checked by this board") for kind, name in asked))
