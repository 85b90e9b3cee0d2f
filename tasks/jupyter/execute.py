"""Executes one notebook in a Jupyter kernel: execute.py INPUT OUTPUT KERNEL CELL_TIMEOUT_SECONDS.

The executed copy is written even when a cell fails, so that it can be looked at. Exit code: 0, or 1 with the failure in
the copy's outputs (a cell's error) or on stderr (the kernel died, a cell ran out of time).
"""

import os
import pathlib
import queue
import sys
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, CellTimeoutError, DeadKernelError

# The Deno kernel may send a cell's output a few milliseconds after it has reported idle, when nbclient has stopped
# listening. So after each cell we listen on until nothing has come for this long.
QUIET_SECONDS = 0.25


async def collect_late_output(client: NotebookClient, cell, cell_index: int, execute_reply) -> None:
    """Adds to a finished cell what the kernel still sends for it."""
    parent = execute_reply["parent_header"]["msg_id"]
    while True:
        try:
            message = await client.kc.get_iopub_msg(timeout=QUIET_SECONDS)
        except queue.Empty:
            return
        if message["parent_header"].get("msg_id") == parent:
            try:
                client.process_message(message, cell, cell_index)
            except CellExecutionComplete:
                pass


def main(source: str, target: str, kernel: str, timeout: str) -> int:
    notebook = nbformat.read(source, as_version=4)
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    started = time.monotonic()

    def on_start(cell, cell_index: int) -> None:
        nonlocal started
        started = time.monotonic()

    async def on_executed(cell, cell_index: int, execute_reply) -> None:
        seconds = time.monotonic() - started
        await collect_late_output(client, cell, cell_index, execute_reply)
        print(f"  cell {code.index(cell_index) + 1} of {len(code)}: {seconds:.1f} s", file=sys.stderr, flush=True)

    client = NotebookClient(
        notebook,
        kernel_name=kernel,
        timeout=int(timeout),
        resources={"metadata": {"path": str(pathlib.Path(source).resolve().parent)}},
        on_cell_start=on_start,
        on_cell_executed=on_executed,
    )
    try:
        client.execute(env={**os.environ, "JPY_SESSION_NAME": source})  # as Jupyter tells a kernel its notebook
        return 0
    except CellExecutionError:
        return 1
    except (CellTimeoutError, DeadKernelError) as error:
        print(f"  {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    finally:
        pathlib.Path(target).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
