package api_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"barkeep/format"
	"barkeep/market"
	"barkeep/server/servertest"
	"barkeep/server/view"
)

// stocked is a server with a hundred bars of 5m, the last of them from a minute ago, of which the ledger of coverage knows.
func stocked(t testing.TB, more int) (*servertest.Bench, *market.Candles) {
	t.Helper()
	b := servertest.New(t)
	series := market.Series{Instrument: "ES", Timeframe: market.M5}
	from := time.Date(2026, 1, 15, 14, 30, 0, 0, time.UTC)
	bars := servertest.Ramp(from, 5*time.Minute, 60+more)
	bars.Volume[0], bars.Flags[1], bars.Flags[3] = market.NoVolume, market.FlagOutside, market.FlagOffSession
	b.Archive.Series[series], b.Archive.Version = bars, 7
	calendar := servertest.Resolve(t, "ES").Calendar
	b.Archive.All = []market.Coverage{{
		Series: series, From: from, Horizon: from.Add(5 * time.Hour), Expected: 60, Present: 58, Calendar: calendar.Version(),
	}}
	b.Archive.Runs = []market.Gap{
		{Series: series, First: from.Add(50 * time.Minute), Last: from.Add(50 * time.Minute), Bars: 1, Reason: market.GapLate, Next: from.Add(48 * time.Hour)},
		{Series: series, First: from.Add(100 * time.Minute), Last: from.Add(100 * time.Minute), Bars: 1, Reason: market.GapAbsent},
	}
	return b, bars
}

const stock = "/api/v1/candles/ES?timeframe=5m"

// TestEveryFormatHasTheSameBars, by its name and by what a client accepts, in pages and in streams.
func TestEveryFormatHasTheSameBars(t *testing.T) {
	t.Parallel()
	b, bars := stocked(t, 0)
	for _, kind := range []format.Kind{format.CSV, format.Arrow, format.Parquet} {
		media, _, _ := strings.Cut(kind.MediaType(), ";")
		for _, path := range []string{
			stock + "&format=" + string(kind), stock + "&limit=100&format=" + string(kind), stock + "&limit=0&from=2026-01-15&format=" + string(kind),
		} {
			a := b.Get(t, path)
			check(t, path, a, kind, bars)
		}
		a := b.Ask(t, http.MethodGet, stock, "", "Accept", "text/html, "+media+";q=0.9, */*")
		check(t, "accepted "+media, a, kind, bars)
		a = b.Get(t, stock+"&limit=7&format="+string(kind))
		check(t, "a page", a, kind, bars.Slice(53, 60))
		if a.Header.Get("Barkeep-More") != "true" {
			t.Errorf("%s: nothing says that there are more", kind)
		}
		a = b.Get(t, stock+"&limit=0&session=regular&format="+string(kind))
		regular := bars.Slice(0, 3)
		regular = regular.Clone()
		regular.AppendAll(bars.Slice(4, 60))
		check(t, "the session", a, kind, regular)
	}
}

func check(t *testing.T, what string, a servertest.Answer, kind format.Kind, want *market.Candles) {
	t.Helper()
	if a.Status != http.StatusOK || a.Header.Get("Content-Type") != kind.MediaType() || !strings.Contains(a.Header.Get("Content-Disposition"), "ES_5m"+kind.Ending()) {
		t.Fatalf("%s: %d %s %s", what, a.Status, a.Header.Get("Content-Type"), a.Header.Get("Content-Disposition"))
	}
	got := market.NewCandles(0)
	about, err := format.Read(kind, strings.NewReader(a.Body), func(_ market.Series, bars *market.Candles) error {
		got.AppendAll(bars)
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if !slices.Equal(got.TS, want.TS) || !slices.Equal(got.Close, want.Close) || !slices.Equal(got.Volume, want.Volume) || !slices.Equal(got.Flags, want.Flags) {
		t.Errorf("%s: %d bars, want %d", what, got.Len(), want.Len())
	}
	if c := a.Header.Get("Barkeep-Complete"); !strings.Contains(c, "expected=") || !strings.Contains(c, "late=1") && want.Len() > 50 {
		t.Errorf("%s: complete is %q", what, c)
	}
	if text := fmt.Sprint(about); kind != format.CSV && !strings.Contains(text, "complete") {
		t.Errorf("%s: its metadata are %s", what, text)
	}
}

// TestJSONForms: columns, order, Unix seconds, and an object of arrays.
func TestJSONForms(t *testing.T) {
	t.Parallel()
	b, bars := stocked(t, 0)
	for path, want := range map[string]string{
		"&limit=2&columns=ts,close":                        `"candles":[{"ts":"2026-01-15T19:20:00Z","close":114.75},{"ts":"2026-01-15T19:25:00Z","close":115}]}`,
		"&limit=1&columns=close,ts&time=unix":              `"candles":[{"close":115,"ts":1768505100}]}`,
		"&limit=2&columns=ts,close&order=desc":             `"candles":[{"ts":"2026-01-15T19:25:00Z","close":115},{"ts":"2026-01-15T19:20:00Z","close":114.75}]}`,
		"&limit=2&columns=ts,close&format=json-columns":    `"candles":{"ts":["2026-01-15T19:20:00Z","2026-01-15T19:25:00Z"],"close":[114.75,115]}}`,
		"&limit=0&columns=close&from=2026-01-15T19:25:00Z": `"candles":[{"close":115}],"count":1}`,
	} {
		a := b.Get(t, stock+path)
		if a.Status != http.StatusOK || !strings.HasSuffix(strings.TrimSpace(a.Body), want) {
			t.Errorf("%s: %d %s, want it to end with %s", path, a.Status, a.Body, want)
		}
	}
	// Newest first, page by page, gives all of them.
	var starts []int64
	for path := stock + "&limit=7&order=desc"; path != ""; {
		a := b.Get(t, path)
		page := servertest.Decode[candles](t, a, http.StatusOK)
		starts = append(starts, page.starts()...)
		link := a.Header.Get("Link")
		path, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
		if (page.Next == nil) != (link == "") || len(starts) > 100 {
			t.Fatalf("next %v, link %q, %d bars", page.Next, link, len(starts))
		}
	}
	slices.Reverse(starts)
	if !slices.Equal(starts, bars.TS) {
		t.Errorf("%d bars, newest first, want %d", len(starts), bars.Len())
	}
}

// TestAnswersSayHowCompleteTheyAre, and refuse when they are to be complete and are not.
func TestAnswersSayHowCompleteTheyAre(t *testing.T) {
	t.Parallel()
	b, _ := stocked(t, 0)
	type answer struct{ Complete view.Complete }
	c := servertest.Decode[answer](t, b.Get(t, stock+"&from=2026-01-15T14:30:00Z&to=2026-01-15T19:30:00Z"), http.StatusOK).Complete
	if !c.Known || c.Expected != 60 || c.Present != 58 || c.Absent[market.GapLate] != 1 || c.Absent[market.GapAbsent] != 1 || len(c.Gaps) != 2 {
		t.Errorf("%+v", c)
	}
	for _, more := range []string{"", "&limit=0", "&format=parquet", "&format=csv&limit=10000"} {
		a := b.Get(t, stock+"&require=complete&from=2026-01-15T14:30:00Z&to=2026-01-15T19:30:00Z"+more)
		p := servertest.Refused(t, a, http.StatusConflict)
		if len(p.Lacks) != 1 || p.Lacks[0].Reason != "late" || p.Lacks[0].Bars != 1 || !strings.Contains(p.Detail, "1 bars late") {
			t.Errorf("%s: %+v", more, p)
		}
		if after, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || after < 3600 {
			t.Errorf("%s: Retry-After %q", more, a.Header.Get("Retry-After"))
		}
		a = b.Get(t, stock+"&require=complete&from=2026-01-15T15:30:00Z&to=2026-01-15T19:30:00Z"+more)
		if a.Status != http.StatusOK {
			t.Errorf("%s: what the provider never has refuses: %d %s", more, a.Status, a.Body)
		}
	}
	servertest.Refused(t, b.Get(t, stock+"&require=complete&as_of=2026-01-15T15:30:00Z"), http.StatusBadRequest)
}

// TestAStreamIsNotSentTwice: a client that has it is told so, until anything of it changes.
func TestAStreamIsNotSentTwice(t *testing.T) {
	t.Parallel()
	b, _ := stocked(t, 0)
	path := stock + "&format=parquet"
	first := b.Get(t, path)
	tag := first.Header.Get("ETag")
	if tag == "" {
		t.Fatalf("no tag: %v", first.Header)
	}
	again := b.Ask(t, http.MethodGet, path, "", "If-None-Match", `"other", `+tag)
	if again.Status != http.StatusNotModified || again.Body != "" || again.Header.Get("ETag") != tag {
		t.Errorf("%d, %d bytes, tag %s", again.Status, len(again.Body), again.Header.Get("ETag"))
	}
	for name, change := range map[string]func(){
		"other bars":    func() { b.Archive.Version++ },
		"other reasons": func() { b.Archive.Runs[0].Reason = market.GapFailed },
	} {
		change()
		if a := b.Ask(t, http.MethodGet, path, "", "If-None-Match", tag); a.Status != http.StatusOK {
			t.Errorf("%s: %d", name, a.Status)
		}
		tag = b.Get(t, path).Header.Get("ETag")
	}
	if a := b.Ask(t, http.MethodGet, stock+"&format=csv", "", "If-None-Match", tag); a.Status != http.StatusOK {
		t.Errorf("another kind of bytes has the same tag: %d", a.Status)
	}
}

// TestAStreamThatBreaksIsNoAnswer: a client cannot take a part for the whole.
func TestAStreamThatBreaksIsNoAnswer(t *testing.T) {
	t.Parallel()
	b, _ := stocked(t, 40_000)
	b.Archive.FailAfter(2, errors.New("the disk is gone"))
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(b.URL() + stock + "&format=csv") //nolint:noctx // it ends with the server
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err == nil {
		t.Errorf("%d bytes look like a whole answer", body.Len())
	}
	b.Archive.FailAfter(1, errors.New("the disk is gone"))
	servertest.Refused(t, b.Get(t, stock+"&format=csv"), http.StatusInternalServerError)
}

// TestStreamsAreMadeSmaller for clients that take it, and are the same inside.
func TestStreamsAreMadeSmaller(t *testing.T) {
	t.Parallel()
	b, _ := stocked(t, 5_000)
	plain := b.Get(t, stock+"&format=csv")
	for _, encoding := range []string{"gzip", "zstd"} {
		a := b.Ask(t, http.MethodGet, stock+"&format=csv", "", "Accept-Encoding", encoding)
		if a.Header.Get("Content-Encoding") != encoding || len(a.Body) > len(plain.Body)/2 {
			t.Fatalf("%s: %q, %d of %d bytes", encoding, a.Header.Get("Content-Encoding"), len(a.Body), len(plain.Body))
		}
		var from io.Reader
		var err error
		if from, err = gzip.NewReader(strings.NewReader(a.Body)); encoding == "zstd" {
			var packed *zstd.Decoder
			packed, err = zstd.NewReader(strings.NewReader(a.Body))
			from = packed
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(from)
		if err != nil || string(text) != plain.Body {
			t.Errorf("%s: %d bytes inside, want %d: %v", encoding, len(text), len(plain.Body), err)
		}
	}
	if a := b.Ask(t, http.MethodGet, stock+"&format=parquet", "", "Accept-Encoding", "gzip"); a.Header.Get("Content-Encoding") != "" {
		t.Error("Parquet is packed twice")
	}
}
