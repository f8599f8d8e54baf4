"""Calls one method of clients/python/barkeep.py, as the JSON on standard input says, and prints what came of it as JSON."""

import json
import sys

import barkeep

ask = json.load(sys.stdin)
answer = {}
there = None
try:
    there = barkeep.Barkeep(**ask["make"])
    got = getattr(there, ask["call"])(*ask["args"], **(ask["more"] or {}))
    if isinstance(got, dict):
        answer["slot"] = got
    else:
        if hasattr(got, "itertuples"):  # a DataFrame
            answer["frame"] = "%s %s %s: %s" % (type(got.index).__name__, got.index.name, got.index.tz, " ".join(map(str, got.dtypes)))
            got = got.astype(object).where(got.notna(), None).reset_index().to_dict("records")
        answer["rows"] = [dict(row, ts=row["ts"].isoformat()) for row in got]
except (barkeep.BarkeepError, ValueError) as err:
    answer.update(error=type(err).__name__, says=str(err), lacks=getattr(err, "lacks", None))
if there is not None:
    answer.update(source=there.source, as_of=there.as_of and there.as_of.isoformat())
json.dump(answer, sys.stdout)
