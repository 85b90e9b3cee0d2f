"""How many of N cells that end in CELL have no output when nbclient stops listening as soon as the kernel is idle.

kernel_output.py KERNEL FOLDER N PRELUDE CELL prints that number.
"""

import sys

from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

kernel, folder, count, prelude, cell = sys.argv[1:]
notebook = new_notebook(cells=[new_code_cell(prelude)] + [new_code_cell(cell) for _ in range(int(count))])
NotebookClient(notebook, kernel_name=kernel, timeout=120, resources={"metadata": {"path": folder}}).execute()
print(sum(not cell.outputs for cell in notebook.cells[1:]))
