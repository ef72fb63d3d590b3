"""Writing a plan: the record first, then every file, and everything back if one of them cannot be written."""

from contextlib import suppress
from copy import deepcopy

from kanban_mcp.clients import files
from kanban_mcp.clients.planning import FilePlan, Plan
from kanban_mcp.clients.record import Record, Records, Written
from kanban_mcp.domain.errors import ConfigError


def apply(plan: Plan, records: Records, record: Record) -> None:
    """Write what is new. `record` is what the plan was made with.

    Raises:
        ConfigError: a file changed meanwhile or cannot be written; all are as they were.
    """
    if not plan.news:
        return
    for file in plan.news:
        if files.current(file.path) != file.before:
            raise ConfigError(f"{file.path} changed while init looked at it. Nothing was written.", hint="try again.")
    folders = _folders(plan)
    records.keep(plan.root, _with(record, plan, folders))
    done: list[FilePlan] = []
    try:
        for file in plan.news:
            done.append(file)
            files.write(file.path, file.after)
    except OSError as why:
        _back(plan, done, folders)
        records.keep(plan.root, record)
        raise ConfigError(
            f"{done[-1].path} cannot be written: {why.strerror}. Nothing was changed.",
            hint="kanban-mcp init --print shows what to add by hand.",
        ) from None


def _with(record: Record, plan: Plan, folders: list[str]) -> Record:
    """Return the record with a plan in it."""
    new = deepcopy(record)
    new.folders += [folder for folder in folders if folder not in new.folders]
    for file in plan.news:
        written = new.written.setdefault(file.name, Written())
        written.settle(files.digest(file.before))
        if file.layer is not None:
            written.add(file.layer, file.records)
    return new


def _folders(plan: Plan) -> list[str]:
    """Return the folders that have to be made, outermost first."""
    missing = [folder for file in plan.news for folder in files.missing_folders(plan.root, file.path)]
    return list(dict.fromkeys(missing))


def _back(plan: Plan, done: list[FilePlan], folders: list[str]) -> None:
    for file in reversed(done):
        with suppress(OSError):
            if file.before is None:
                file.path.unlink(missing_ok=True)
            elif files.current(file.path) != file.before:
                files.write(file.path, file.before)
    for folder in reversed(folders):
        with suppress(OSError):
            (plan.root / folder).rmdir()
