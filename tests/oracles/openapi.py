"""Whether a description is OpenAPI, by PyPI openapi-spec-validator.

One JSON object a line in, one out: {"file":"docs/openapi.yaml"} -> {"problems":["…"],"operations":20}
A path is read from the root of the repository.
"""

import json
import pathlib
import sys

import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = pathlib.Path(__file__).parent.parent.parent
METHODS = {"get", "post", "put", "patch", "delete"}

for line in sys.stdin:
    if not line.strip():
        continue
    text = (ROOT / json.loads(line)["file"]).read_text(encoding="utf-8")
    spec = yaml.safe_load(text)
    problems = [str(problem) for problem in OpenAPIV31SpecValidator(spec).iter_errors()]
    operations = [key for path in spec["paths"].values() for key in path if key in METHODS]
    print(json.dumps({"problems": problems, "operations": len(operations)}), flush=True)
