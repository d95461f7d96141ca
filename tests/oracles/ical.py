"""A calendar, as the parser of somebody else reads it (PyPI icalendar).

One JSON object a line in, one out, in the same order:

  {"ics":"BEGIN:VCALENDAR…","zone":"Europe/Berlin"}
    -> {"name":"…","events":[{"uid":"…","summary":"…","starts":"2026-03-29T01:00:00+01:00","ends":"…","hours":7.0}],"errors":[…]}

Times are those of the zone that was asked for; `hours` is how long it really is.

Run: python3 -m venv tests/oracles/venv && tests/oracles/venv/bin/pip install -r tests/oracles/requirements.txt
"""

import json
import sys

# Not from this folder: this file has the name of a module that the parser needs.
sys.path.pop(0)

from zoneinfo import ZoneInfo

import icalendar


def read(question):
    zone = ZoneInfo(question["zone"])
    calendar = icalendar.Calendar.from_ical(question["ics"])
    events, errors = [], [str(error) for error in calendar.errors]
    for event in calendar.walk("VEVENT"):
        errors += [str(error) for error in event.errors]
        starts, ends = event.decoded("DTSTART"), event.decoded("DTEND")
        events.append(
            {
                "uid": str(event["UID"]),
                "summary": str(event["SUMMARY"]),
                "starts": starts.astimezone(zone).isoformat(),
                "ends": ends.astimezone(zone).isoformat(),
                "hours": (ends - starts).total_seconds() / 3600,
            }
        )
    return {"name": str(calendar["NAME"]), "events": events, "errors": errors}


for line in sys.stdin:
    if line.strip():
        print(json.dumps(read(json.loads(line))), flush=True)
