"""Start and end of a process without waste: torch's import makes a million objects, and its end takes them apart."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

PLUGINS = "PYDANTIC_DISABLE_PLUGINS"


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import inside: no garbage collection, as an import makes none, and no search for plugins of pydantic.

    The search reads the metadata of everything that is installed; it is off for our own classes only. What was
    imported is then left out of later collections.
    """
    enabled, plugins = gc.isenabled(), os.environ.get(PLUGINS)
    gc.disable()
    os.environ[PLUGINS] = "__all__"
    try:
        yield
    finally:
        if plugins is None:
            del os.environ[PLUGINS]
        else:
            os.environ[PLUGINS] = plugins
        gc.freeze()
        if enabled:
            gc.enable()


def quick_exit(code: int) -> NoReturn:
    """End the process at once, after what was printed is out and what was registered with ``atexit`` has been called.

    Taking every module of torch apart, as Python does at its end, is of no use to anybody. Where there is something
    left to wait for (a thread, a process) or the private entry is missing, the process ends in the ordinary way.
    """
    import atexit

    run_registered = getattr(atexit, "_run_exitfuncs", None)
    threading, processes = sys.modules.get("threading"), sys.modules.get("multiprocessing.process")
    waiting = threading is not None and any(
        not thread.daemon and thread is not threading.main_thread() for thread in threading.enumerate()
    )
    if "torch" not in sys.modules or run_registered is None or waiting:
        sys.exit(code)
    if processes is not None and processes.active_children():
        sys.exit(code)
    run_registered()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # whoever read it has gone
            code = code or 1
    os._exit(code)
