"""A client of Barkeep in one file: waits for a slot of the import, fetches bars, and refuses what is incomplete.

It needs Python 3.9 and nothing else. Where pandas is installed, frames are DataFrames. pyarrow is needed for a folder of
Parquet alone.

    from barkeep import Barkeep, Incomplete

    bars = Barkeep("http://localhost:8080", export="/srv/bars")
    bars.wait_for_slot("today", timeout=1800)
    es = bars.frame("ES", "1h", start="2026-08-01")
    print(len(es), bars.source, bars.as_of)

When the API is down, bars come from the folder that `barkeep export` wrote. `source` says which was used, `as_of` as of when.
"""

import csv
import datetime
import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

__all__ = ["Barkeep", "BarkeepError", "Unreachable", "BadAnswer", "Problem", "Incomplete", "NotDone", "ExportError"]

UTC = datetime.timezone.utc
MOST_ROWS = 50_000  # of the newest bars in one answer
BUSY = ("urn:barkeep:problem:too-many-requests", "urn:barkeep:problem:crowded")  # 429 and 503: the same may be asked again
LONGEST_WAIT = 60  # seconds that one request waits for a slot
# Reasons for which bars may be absent from a complete window: nothing brings them. Any other reason refuses it.
MILD = ("beyond the window", "impossible", "absent", "null", "unavailable", "expired", "closed", "before the first trade")


class BarkeepError(Exception):
    """Anything that keeps an answer from being used."""


class Unreachable(BarkeepError):
    """The API is down: nobody listens, it is too slow, a part that it needs does not answer, or too many ask for too long."""


class _Busy(Unreachable):
    """Too many ask: this client (429), or all together (503). What was asked was not begun, and may be asked again."""

    def __init__(self, text, pause):
        self.pause = pause  # seconds
        super().__init__(text)


class BadAnswer(BarkeepError):
    """The answer is cut off, of another kind, or of another series than was asked for. Nothing of it is used."""


class Problem(BarkeepError):
    """The API refuses the request. `status`, `type`, `detail`, `invalid` and `lacks` are those of its problem+json."""

    def __init__(self, status, body):
        self.status = status
        self.type = body.get("type", "")
        self.detail = body.get("detail") or body.get("title", "")
        self.invalid = body.get("invalid") or []
        self.lacks = body.get("lacks") or []
        super().__init__("%d: %s" % (status, self.detail))


class Incomplete(BarkeepError):
    """The window lacks what was required of it. `lacks` says what: a list of dicts with reason, from, to and bars."""

    def __init__(self, detail, lacks):
        self.lacks = lacks
        super().__init__(detail)


class NotDone(BarkeepError):
    """The slot was not done in time, or never will be. `slot` is how it stands, as the API tells it."""

    def __init__(self, slot):
        self.slot = slot
        reason = (slot.get("run") or {}).get("reason") or ""
        super().__init__("%s %s %s is %s%s" % (
            slot["job"], slot["date"], slot.get("time", ""), slot["state"], ": " + reason if reason else ""))


class ExportError(BarkeepError):
    """The export folder does not hold what is asked for, or a file of it is not what its manifest says."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token is for one server alone."""

    def redirect_request(self, *_):
        return None


class Barkeep:
    """A Barkeep, asked at url (none: only the export folder is read), or else read from the folder export.

    token is its API_READ_TOKEN or API_TOKEN. timeout is how many seconds the API may send nothing, and how many seconds it is
    asked again where too many ask.

    source says where the last bars came from: the url, or the folder. as_of is the datetime as of which they are.
    """

    def __init__(self, url=None, token=None, export=None, timeout=30):
        if not url and not export:
            raise ValueError("give the url of a Barkeep, or the folder of an export, or both")
        if url and urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("url %r: accepted is an address such as http://localhost:8080" % url)
        self.url = url.rstrip("/") if url else None
        self.token = token
        self.export = os.fspath(export) if export else None
        self.timeout = timeout
        self.source = None
        self.as_of = None
        self._open = urllib.request.build_opener(_NoRedirect).open

    # ---- slots ----

    def slot(self, slot="today", wait=0):
        """How a slot of the import stands: "today", a date, DATE/TIME, or its instant in UTC. A dict, as the API has it.

        With wait the answer comes when the slot has ended, or after so many seconds.
        """
        return self._slot(slot, wait, self._get)

    def _slot(self, slot, wait, get):
        if not self.url:
            raise Unreachable("slots are told by the API alone, and no url was given")
        path = "/".join(urllib.parse.quote(part, safe="") for part in str(slot).split("/", 1))
        query = {"wait": "%ds" % wait} if wait >= 1 else {}
        answer, _ = get("slots/" + path, query, wait)
        if not isinstance(answer.get("at"), dict) or "state" not in answer:
            raise BadAnswer("%s: that is no slot" % self.url)
        return answer

    def wait_for_slot(self, slot="today", timeout=1800):
        """Wait until the slot is done, so that the date's data is there, and return how it stands.

        It goes on through restarts of the server. After timeout seconds, or when no attempt will come any more, it raises
        NotDone; Unreachable (or what else came) where nothing is known of the slot by then.
        """
        end = time.monotonic() + timeout
        known, failed = None, None
        while True:
            left, pause = end - time.monotonic(), 1
            try:
                known = self._slot(slot, max(0, min(left, LONGEST_WAIT)), self._ask)
                slot = known["at"]["utc"]  # today is another slot after midnight
                if known.get("done"):
                    return known
                if known.get("ended"):
                    raise NotDone(known)
            except _Busy as err:
                failed, pause = Unreachable(str(err)), err.pause
            except (Unreachable, BadAnswer) as err:
                failed = err
            left = end - time.monotonic()
            if left <= 0:
                if known is None:
                    raise failed
                raise NotDone(known)
            time.sleep(min(pause, left))

    # ---- bars ----

    def candles(self, instrument, timeframe, start=None, end=None, limit=None, adjust="split", as_of=None, session="all",
                require="nothing", pandas=False):
        """The bars that start in [start, end), in order: a list of dicts with ts (a datetime in UTC), open, high, low, close,
        volume (None where it is not known) and flags, or with pandas=True a DataFrame by ts.

        start and end are datetimes (UTC where they have no zone), dates or texts such as 2026-08-01 or 2026-08-01T14:30:00Z. limit
        is how many bars at most: the first from start on, or without start the newest. adjust is split, none or total. as_of is an
        instant in the past (or run:12). session="regular" leaves out bars from outside the exchange's hours. require="complete"
        raises Incomplete where the window holds a bar that is late, held back, failed, not yet fetched or not over, and "settled"
        also where it holds one that the provider may still change. The instrument is called as the archive calls it: ES, and not
        ES=F.
        """
        start, end = _instant(start), _instant(end)
        if limit is not None and not 1 <= limit <= MOST_ROWS:
            raise ValueError("limit %r: accepted is 1 to %d, or None for all" % (limit, MOST_ROWS))
        asked = _Asked(instrument, timeframe, start, end, limit, adjust, as_of, session, require)
        if not self.url:
            rows = self._from_export(asked)
        else:
            try:
                rows = self._from_api(asked)
            except Unreachable as down:
                if not self.export:
                    raise
                rows = self._from_export(asked, down)
        return _dataframe(rows) if pandas else rows

    def frame(self, instrument, timeframe, start=None, end=None, require="complete", **more):
        """candles() of a window that is complete: a DataFrame where pandas is installed, else a list of dicts.

        It raises Incomplete, with the lacks, where the window is not so.
        """
        more.setdefault("pandas", _has_pandas())
        return self.candles(instrument, timeframe, start, end, require=require, **more)

    def _from_api(self, asked):
        query = {"timeframe": asked.timeframe, "limit": asked.limit or 0, "adjust": asked.adjust, "session": asked.session,
                 "require": asked.require, "format": "json"}
        for name, value in (("from", asked.start), ("to", asked.end)):
            if value is not None:
                query[name] = _text(value)
        if asked.as_of is not None:
            query["as_of"] = asked.as_of if isinstance(asked.as_of, str) else _text(_instant(asked.as_of))
        try:
            answer, date = self._get("candles/" + urllib.parse.quote(asked.instrument, safe=""), query)
        except Problem as err:
            if err.status == 409 and err.lacks:
                raise Incomplete(err.detail, err.lacks) from None
            raise
        if answer.get("instrument") != asked.instrument or answer.get("timeframe") != asked.timeframe:
            raise BadAnswer("%s: the answer is of %s %s, and %s %s was asked for" % (
                self.url, answer.get("instrument"), answer.get("timeframe"), asked.instrument, asked.timeframe))
        if not isinstance(answer.get("candles"), list) or answer.get("count") != len(answer["candles"]):
            raise BadAnswer("%s: the answer says that it has %s bars, and it does not" % (self.url, answer.get("count")))
        try:
            rows = [_row(bar) for bar in answer["candles"]]
        except (KeyError, TypeError, ValueError) as err:
            raise BadAnswer("%s: a bar is none: %r" % (self.url, err)) from None
        asked.check(rows, BadAnswer, self.url)
        if asked.limit and len(rows) > asked.limit:
            raise BadAnswer("%s: %d bars, and %d were asked for" % (self.url, len(rows), asked.limit))
        self.source, self.as_of = self.url, _instant(answer.get("as_of") or date)
        return rows

    def _get(self, path, query, wait=0):
        """One answer of the API as JSON, and when it was given. Where too many ask it is asked again when the API says."""
        end = time.monotonic() + self.timeout
        while True:
            try:
                return self._ask(path, query, wait)
            except _Busy as busy:
                if time.monotonic() + busy.pause > end:
                    raise Unreachable(str(busy)) from None
                time.sleep(busy.pause)

    def _ask(self, path, query, wait=0):
        """One request, and its answer."""
        address = "%s/api/v1/%s?%s" % (self.url, path, urllib.parse.urlencode(query))
        request = urllib.request.Request(address, headers={"Accept": "application/json", "User-Agent": "barkeep.py"})
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        try:
            with self._open(request, timeout=self.timeout + wait) as response:
                kind = response.headers.get_content_type()
                text = response.read()
                length = response.headers.get("Content-Length")
                date = response.headers.get("Date")
        except urllib.error.HTTPError as err:
            raise self._refused(err) from None
        except (http.client.IncompleteRead, ConnectionResetError) as err:
            raise BadAnswer("%s: the answer is cut off: %s" % (address, err)) from None
        except (OSError, http.client.HTTPException) as err:
            raise Unreachable("%s cannot be reached: %s" % (self.url, err)) from None
        if kind != "application/json":
            raise BadAnswer("%s answers with %s, as no Barkeep does" % (address, kind))
        if length is not None and int(length) != len(text):
            raise BadAnswer("%s: the answer is cut off" % address)
        try:
            answer = json.loads(text)
        except ValueError as err:
            raise BadAnswer("%s: the answer is cut off, or none of a Barkeep: %s" % (address, err)) from None
        if not isinstance(answer, dict):
            raise BadAnswer("%s: the answer is none of a Barkeep" % address)
        at = datetime.datetime.now(UTC)
        if date:
            at = datetime.datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        return answer, at

    def _refused(self, err):
        """What an answer tells that is no success."""
        try:
            body = json.loads(err.read())
            problem = err.headers.get_content_type() == "application/problem+json" and isinstance(body, dict)
        except (ValueError, OSError, http.client.HTTPException):
            problem = False
        if problem and body.get("type") in BUSY:
            try:
                pause = max(1, int(err.headers.get("Retry-After")))
            except (TypeError, ValueError):
                pause = 5
            return _Busy("%s answers %d: %s" % (self.url, err.code, body.get("detail", "")), pause)
        if err.code >= 500 and (problem or err.code in (502, 503, 504)) or err.code == 429:
            return Unreachable("%s answers %d: %s" % (self.url, err.code, body.get("detail", "") if problem else err.reason))
        if problem:
            return Problem(err.code, body)
        return BadAnswer("%s answers %d, as no Barkeep does" % (self.url, err.code))

    # ---- the folder of an export ----

    def _from_export(self, asked, down=None):
        try:
            rows, as_of = _Export(self.export).read(asked)
        except BarkeepError as err:
            if down is None:
                raise
            raise err from down
        self.source, self.as_of = self.export, as_of
        return rows


class _Asked:
    """What bars are asked for."""

    def __init__(self, instrument, timeframe, start, end, limit, adjust, as_of, session, require):
        self.instrument, self.timeframe, self.start, self.end, self.limit = instrument, timeframe, start, end, limit
        self.adjust, self.as_of, self.session, self.require = adjust, as_of, session, require

    def holds(self, at):
        """Whether a bar that starts then is asked for."""
        return (self.start is None or at >= self.start) and (self.end is None or at < self.end)

    def check(self, rows, kind, where):
        """Refuse bars that are not in order, or not of the window."""
        last = None
        for row in rows:
            if not self.holds(row["ts"]) or last is not None and row["ts"] <= last:
                raise kind("%s: the bar of %s is not in order, or not in the window" % (where, _text(row["ts"])))
            last = row["ts"]


class _Export:
    """A folder that `barkeep export` wrote, in CSV or (with pyarrow) Parquet."""

    def __init__(self, folder):
        self.folder = folder
        try:
            with open(os.path.join(folder, "_barkeep.json"), encoding="utf-8") as f:
                self.manifest = json.load(f)
        except (OSError, ValueError) as err:
            raise ExportError("%s is no export that can be read: %s" % (folder, err)) from None
        if self.manifest.get("format") != 1:
            raise ExportError("%s has the format %r, and 1 is known" % (folder, self.manifest.get("format")))
        if self.manifest.get("writing"):
            raise ExportError("%s is being written, or was left in the middle: run barkeep export again" % folder)

    def read(self, asked):
        """The bars, and as of when they are."""
        m = self.manifest
        if m["adjust"] != asked.adjust:
            raise ExportError("%s holds bars with adjust=%s, and %s was asked for" % (self.folder, m["adjust"], asked.adjust))
        pinned = _instant(m.get("pinned"))
        if asked.as_of is not None and (str(asked.as_of).startswith("run:") or _instant(asked.as_of) != pinned):
            raise ExportError("%s holds no bars as of %s" % (self.folder, asked.as_of))
        if asked.as_of is None and pinned is not None:
            raise ExportError("%s holds bars as of %s, and the newest were asked for" % (self.folder, _text(pinned)))
        series = [s for s in m["series"] if s["instrument"] == asked.instrument and s["timeframe"] == asked.timeframe]
        if not series:
            raise ExportError("%s does not hold %s %s" % (self.folder, asked.instrument, asked.timeframe))
        held = series[0]
        if asked.require != "nothing":
            self._require(asked, held)
        rows = []
        for entry in held["files"]:
            first, last = _instant(entry["from"]), _instant(entry["to"])
            if (asked.end is None or first < asked.end) and (asked.start is None or last > asked.start):
                rows += [row for row in self._file(entry) if asked.holds(row["ts"])]
        if asked.session == "regular":
            rows = [row for row in rows if "off_session" not in row["flags"]]
        asked.check(rows, ExportError, self.folder)
        if asked.limit:
            rows = rows[:asked.limit] if asked.start is not None else rows[-asked.limit:]
        return rows, _instant(held["as_of"])

    def _require(self, asked, held):
        """Refuse a window of which the export does not prove that it is complete."""
        lacks = []

        def lack(reason, first, last, bars=None):
            one = {"instrument": asked.instrument, "timeframe": asked.timeframe, "reason": reason,
                   "from": first and _text(first), "to": last and _text(last), "next": None}
            if bars:
                one["bars"] = bars
            lacks.append(one)

        judged = _instant(held.get("judged_to"))
        if asked.require == "settled":  # which an export does not tell
            lack("provisional", asked.start, asked.end)
        if judged is None:
            lack("not judged", asked.start, asked.end)
        elif asked.end is not None and asked.end > judged:
            lack("not yet fetched", judged, asked.end)
        def wanted(first, last):
            return (asked.end is None or first < asked.end) and (asked.start is None or last > asked.start)

        covered = None
        for entry in held["files"]:
            first, last = _instant(entry["from"]), _instant(entry["to"])
            since = asked.start if covered is None else covered
            if since is not None and since < first and wanted(since, first):
                lack("not in the export", since, first)
            covered = last
            if not wanted(first, last):
                continue
            complete = entry.get("complete")
            if not complete or not complete.get("known"):
                lack("not judged", first, last)
                continue
            for reason, bars in (complete.get("absent") or {}).items():
                if reason not in MILD:
                    lack(reason, first, last, bars)
        until = judged if asked.end is None else asked.end
        if until is not None and (covered is None or covered < until):
            lack("not in the export", covered or asked.start, until)
        if lacks:
            raise Incomplete("%s %s is not %s in the export %s: %s" % (
                asked.instrument, asked.timeframe, asked.require, self.folder,
                "; ".join("%s from %s" % (one["reason"], one["from"]) for one in lacks[:3])), lacks)

    def _file(self, entry):
        """The bars of a file, which is what the manifest says or refused."""
        path = os.path.join(self.folder, *entry["path"].split("/"))
        reader = {"csv": _read_csv, "parquet": _read_parquet}.get(self.manifest["kind"])
        if reader is None:
            raise ExportError("%s holds %s: csv and parquet are read" % (self.folder, self.manifest["kind"]))
        try:
            if os.path.getsize(path) != entry["bytes"]:
                raise ExportError("%s has %d bytes, and %d were written" % (path, os.path.getsize(path), entry["bytes"]))
            rows = reader(path)
        except (OSError, KeyError, TypeError, ValueError) as err:
            raise ExportError("%s cannot be read: %r" % (path, err)) from None
        if len(rows) != entry["bars"]:
            raise ExportError("%s has %d bars, and %d were written" % (path, len(rows), entry["bars"]))
        return rows


def _read_csv(path):
    with open(path, newline="", encoding="utf-8") as f:
        return [_row(dict(
            bar, volume=int(bar["volume"]) if bar["volume"] else None, flags=bar["flags"].split("|") if bar["flags"] else []),
        ) for bar in csv.DictReader(f)]


FLAGS = ("outside", "negative", "off_tick", "incomplete", "off_session", "impossible", "bit6", "bit7")


def _read_parquet(path):
    try:
        import pyarrow.parquet
    except ImportError:
        raise ExportError("%s: Parquet is read with pyarrow, which is not installed; barkeep export --format csv needs "
                          "nothing" % path) from None
    columns = ("ts", "open", "high", "low", "close", "volume", "flags")
    table = pyarrow.parquet.ParquetFile(path).read(columns=list(columns))
    bars = zip(*(table.column(name).to_pylist() for name in columns))
    return [_row(dict(zip(columns, bar), flags=[name for i, name in enumerate(FLAGS) if (bar[6] or 0) >> i & 1])) for bar in bars]


def _row(bar):
    """A bar as candles() gives it, from JSON or CSV."""
    row = {"ts": _instant(bar["ts"])}
    for name in ("open", "high", "low", "close"):
        row[name] = float(bar[name])
    volume = bar.get("volume")
    if row["ts"] is None or volume is not None and (not isinstance(volume, int) or volume < 0):
        raise ValueError("%r" % (bar,))
    row["volume"], row["flags"] = volume, list(bar.get("flags") or [])
    return row


def _instant(value):
    """A datetime in UTC of a datetime, a date or a text; None of None."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        text = value[:-1] + "+00:00" if value.endswith("Z") else value
        if "." in text:  # Python 3.9 reads three or six digits of a second
            head, _, rest = text.partition(".")
            digits = rest[:len(rest) - len(rest.lstrip("0123456789"))]
            text = head + "." + (digits + "000000")[:6] + rest[len(digits):]
        value = datetime.datetime.fromisoformat(text)
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _text(at):
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _has_pandas():
    try:
        import pandas  # noqa: F401
    except ImportError:
        return False
    return True


def _dataframe(rows):
    import pandas
    frame = pandas.DataFrame(rows, columns=["ts", "open", "high", "low", "close", "volume", "flags"])
    prices = ["open", "high", "low", "close"]
    frame[prices] = frame[prices].astype("float64")
    frame["volume"] = frame["volume"].astype("Int64")  # which has a place for what is not known
    frame["ts"] = pandas.to_datetime(frame["ts"], utc=True)
    return frame.set_index("ts")
