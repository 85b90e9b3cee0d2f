"""What cells show when some of them are interrupted, as JupyterLab's stop button does it.

interrupt.py KERNEL FOLDER [SECONDS CELL]… interrupts each cell SECONDS after its start (never at 0) and prints, as JSON, one list
per cell: texts of its results, names of its errors, "dead" where the kernel ended.
"""

import json
import queue
import sys
import time

from jupyter_client.manager import start_new_kernel

LONGEST_SECONDS = 90
LATE_SECONDS = 0.5  # the Deno kernel may send outputs after it has reported idle


def run(manager, client, seconds: float, code: str) -> list:
    """Executes one cell and returns what it showed."""
    message, start, shown = client.execute(code), time.monotonic(), []
    interrupted, idle = seconds == 0, None
    while time.monotonic() - start < LONGEST_SECONDS:
        if not interrupted and time.monotonic() - start > seconds:
            interrupted = True
            manager.interrupt_kernel()
        if idle and time.monotonic() - idle > LATE_SECONDS:
            return shown
        try:
            answer = client.get_iopub_msg(timeout=0.1)
        except queue.Empty:
            if not manager.is_alive():
                return shown + ["dead"]
            continue
        if answer["parent_header"].get("msg_id") != message:
            continue
        content = answer["content"]
        if answer["msg_type"] == "execute_result":
            shown.append(content["data"].get("text/plain"))
        elif answer["msg_type"] == "error":
            shown.append(content["ename"])
        elif answer["msg_type"] == "status" and content["execution_state"] == "idle":
            idle = time.monotonic()
    return shown + ["too long"]


kernel, folder, *cells = sys.argv[1:]
manager, client = start_new_kernel(kernel_name=kernel, cwd=folder)
try:
    print(json.dumps([run(manager, client, float(at), code) for at, code in zip(cells[::2], cells[1::2])]))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
