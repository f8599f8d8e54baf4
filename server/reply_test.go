package server_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"barkeep/server"
	"barkeep/server/servertest"
)

// replying is a server that answers /text with a text, and /short with a short one.
func replying(t *testing.T) (b *servertest.Bench, long string) {
	t.Helper()
	b = servertest.New(t)
	long = strings.Repeat("2026-01-15T22:10:00Z,100.25\n", 3000)
	text, short := server.NewText("text/plain", []byte(long)), server.NewText("text/plain", []byte("short"))
	b.Handle("GET /text", func(w http.ResponseWriter, r *http.Request) error {
		b.Reply(w, r, text)
		return nil
	})
	b.Handle("GET /short", func(w http.ResponseWriter, r *http.Request) error {
		b.Reply(w, r, short)
		return nil
	})
	b.Handle("GET /once", func(w http.ResponseWriter, r *http.Request) error {
		b.Reply(w, r, server.Once("text/plain", []byte(long)))
		return nil
	})
	return b, long
}

// TestRepliesAreMadeSmaller where the client takes that and it is worth it; every encoding gives the same back.
func TestRepliesAreMadeSmaller(t *testing.T) {
	t.Parallel()
	b, long := replying(t)
	for header, want := range map[string]string{
		"": "", "identity": "", "br": "", "gzip": "gzip", "zstd": "zstd", "gzip, deflate, br, zstd": "zstd", "GZIP;q=0.5": "gzip",
		"gzip;q=1.0, zstd;q=0.5": "gzip", "gzip; q=0": "", "zstd;q=0, gzip": "gzip", "*": "", "gzip;q=x": "", "gzip;q=0.1,zstd; q=0.9": "zstd",
	} {
		for range 2 { // what was kept is the same
			a := b.Ask(t, http.MethodGet, "/text", "", "Accept-Encoding", header)
			got := a.Header.Get("Content-Encoding")
			if a.Status != http.StatusOK || got != want || a.Header.Get("Vary") != "Accept-Encoding" || unpacked(t, got, a.Body) != long {
				t.Errorf("%q: %d, encoding %q, want %q, of %d bytes", header, a.Status, got, want, len(a.Body))
			}
			if want != "" && len(a.Body) > len(long)/10 {
				t.Errorf("%q: %d of %d bytes", header, len(a.Body), len(long))
			}
		}
	}
	if a := b.Ask(t, http.MethodGet, "/short", "", "Accept-Encoding", "gzip"); a.Body != "short" || a.Header.Get("Content-Encoding") != "" || a.Header.Get("Vary") != "" {
		t.Errorf("a short one: %q, %v", a.Body, a.Header)
	}
}

func unpacked(t *testing.T, encoding, text string) string {
	t.Helper()
	var r io.Reader = strings.NewReader(text)
	var err error
	switch encoding {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := bytes.Buffer{}
	if _, err := all.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestRepliesThatTheClientHas are not sent again.
func TestRepliesThatTheClientHas(t *testing.T) {
	t.Parallel()
	b, long := replying(t)
	first := b.Get(t, "/text")
	tag := first.Header.Get("ETag")
	if !strings.HasPrefix(tag, `W/"`) || first.Header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("%v", first.Header)
	}
	for header, status := range map[string]int{
		tag: 304, strings.TrimPrefix(tag, "W/"): 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200, `W/"x"`: 200,
	} {
		a := b.Ask(t, http.MethodGet, "/text", "", "If-None-Match", header, "Accept-Encoding", "gzip")
		if a.Status != status || (a.Body == "") != (status == 304) || a.Header.Get("ETag") != tag {
			t.Errorf("%s: %d, %d bytes, %v", header, a.Status, len(a.Body), a.Header)
		}
		if status == 304 && (a.Header.Get("Content-Length") != "" || a.Header.Get("Content-Encoding") != "") {
			t.Errorf("%s: a body that is not there has headers: %v", header, a.Header)
		}
	}
	if other := b.Get(t, "/short").Header.Get("ETag"); other == tag || other == "" {
		t.Errorf("two texts have the tag %s", other)
	}
	once := b.Ask(t, http.MethodGet, "/once", "", "If-None-Match", "*")
	if once.Status != http.StatusOK || once.Header.Get("ETag") != "" || once.Header.Get("Cache-Control") != "no-store" || once.Body != long {
		t.Errorf("a long one that is not kept: %d, %v", once.Status, once.Header)
	}
}
