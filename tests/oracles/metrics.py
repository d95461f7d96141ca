"""Reads metrics with Prometheus' own parser: {"text": …} a line in, a list of samples a line out."""

import json
import sys

# This folder has a calendar.py of its own, and the parser wants Python's.
sys.path.pop(0)

from prometheus_client.parser import text_string_to_metric_families

for line in sys.stdin:
    families = text_string_to_metric_families(json.loads(line)["text"])
    samples = [
        {"family": family.name, "kind": family.type, "help": family.documentation,
         "name": sample.name, "labels": sample.labels, "value": sample.value}
        for family in families
        for sample in family.samples
    ]
    print(json.dumps(samples), flush=True)
