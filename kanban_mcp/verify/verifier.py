"""Looks at what a worker hands in: files in its workdir, commits on its branch (DESIGN §8)."""

import asyncio

from kanban_mcp.domain.checks import CheckJob, Findings
from kanban_mcp.domain.evidence import Check, Evidence
from kanban_mcp.domain.tasks import Criterion, Run
from kanban_mcp.verify import git
from kanban_mcp.verify.files import check_file

NOT_HERE = "not checked by this version; a person looks at it"


class LocalVerifier:
    """Checks on this machine. What it cannot look at stays unverified: never a pass, never a failure of the work."""

    async def check(self, job: CheckJob) -> Findings:
        """Return one check per criterion and handle, in order, and the result commit of an isolated run."""
        return await asyncio.to_thread(_check, job)


def _check(job: CheckJob) -> Findings:
    run = job.run
    checks: list[Check] = []
    commit = None
    if run.isolated and run.workdir:
        checks += git.check_clean(run.workdir)
        commit = git.head(run.workdir)
    checks += [_criterion(run, criterion) for criterion in job.acceptance]
    checks += [_handle(run, item) for item in job.evidence]
    return Findings(tuple(checks), commit)


def _criterion(run: Run, criterion: Criterion) -> Check:
    if criterion.kind == "file":
        return check_file(run.workdir, criterion.text, None)
    return Check(criterion.kind, criterion.text, None, NOT_HERE)


def _handle(run: Run, item: Evidence) -> Check:
    if item.kind == "file":
        return check_file(run.workdir, item.subject, item.sha256)
    if item.kind == "commit":
        return git.check_commit(run.workdir, item.subject, run.branch, run.base)
    if item.kind == "command":
        said = "no exit code" if item.number is None else f"exit {item.number}"
        return Check("command", item.subject, None, f"as the worker says: {said}")
    return Check(item.kind, item.subject, None, NOT_HERE)
