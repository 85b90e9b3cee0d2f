"""Checks every NAME.after.onnx of a folder with ONNX's own checker, full_check included, where NAME.before.onnx passes it."""

import sys
from pathlib import Path

import onnx


def problem(path: Path) -> str | None:
    try:
        onnx.checker.check_model(str(path), full_check=True)
    except Exception as error:  # the checker's and the inference's errors share no class
        return str(error).strip().splitlines()[0]
    return None


refused = checked = failed = 0
for before in sorted(Path(sys.argv[1]).glob("*.before.onnx")):
    name = before.name.removesuffix(".before.onnx")
    if problem(before):
        refused += 1
        continue
    checked += 1
    found = problem(before.with_name(f"{name}.after.onnx"))
    if found:
        failed += 1
        print(f"{name}: {found}", flush=True)
print(f"{checked} {failed} {refused}")
