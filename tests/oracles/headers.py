"""What is wrong with the headers of an answer, by PyPI drheader and its own rules.

One JSON object a line in, one list of findings out:
  {"headers":{"x-frame-options":"DENY",…},"kept":false} -> [{"rule":"…","message":"…"}]
An answer that may be kept (a style sheet, a script) need not forbid it.
"""

import json
import sys

from drheader import Drheader

for line in sys.stdin:
    if not line.strip():
        continue
    question = json.loads(line)
    found = Drheader(headers=question["headers"]).analyze()
    kept = question["kept"]
    left = [one for one in found if not (kept and one["rule"] in ("Cache-Control", "Pragma"))]
    print(json.dumps(left), flush=True)
