"""Reads Compose files: {"file": path} a line in, {"valid", "said", "file"} a line out.

Validated by check-jsonschema against the schema of the Compose specification that it ships.
"""

import json
import subprocess
import sys

from ruamel.yaml import YAML

for line in sys.stdin:
    path = json.loads(line)["file"]
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path],
        capture_output=True,
        text=True,
        check=False,
    )
    with open(path, encoding="utf-8") as file:
        read = YAML(typ="safe").load(file)
    answer = {"valid": checked.returncode == 0, "said": checked.stdout + checked.stderr, "file": read}
    print(json.dumps(answer), flush=True)
