"""Waiting without holding up Anki's window."""

from __future__ import annotations

import inspect
from concurrent.futures import Future
from typing import Any, Callable

from aqt import mw
from aqt.qt import QEventLoop


def in_background(task: Callable[[], Any], done: Callable[[Future], None]) -> None:
    """Runs a task on another thread, then `done` on the main one, with what became of it."""
    run = mw.taskman.run_in_background
    if "uses_collection" in inspect.signature(run).parameters:
        # Otherwise newer versions let it wait for whoever works on the collection.
        run(task, done, uses_collection=False)
    else:
        run(task, done)


def wait_for(task: Callable[[], Any], label: str) -> Any:
    """Runs a task on another thread and waits for it, while the window is drawn. Anki says what it
    waits for as soon as that takes a while.
    """
    loop = QEventLoop()
    ended: list[Future] = []

    def done(future: Future) -> None:
        ended.append(future)
        loop.quit()

    in_background(task, done)
    mw.progress.start(label=label)
    try:
        # Nobody can close the window meanwhile: what called us goes on with it.
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    finally:
        mw.progress.finish()
    return ended[0].result()
