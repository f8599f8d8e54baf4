package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"sync/atomic"
	"testing"
	"time"
)

// The fates of a COMMIT whose answer never comes.
const (
	fateDone  = "committed"      // the server committed
	fateGone  = "never arrived"  // the server never got it, and rolled back
	fateLater = "arrives later"  // the server gets it two seconds after the client lost its connection
	committed = "commit\x00"     // the end of the message by which pgx commits (Query, 'Q')
	flight    = 2 * time.Second  // of a COMMIT that arrives later
	patience  = 20 * time.Second // of the proxy with the server
)

// lossy is a proxy in front of PostgreSQL that takes the answers of two COMMITs in three away and cuts the connection.
type lossy struct {
	server, fate  string
	commits, lost atomic.Int64
}

// lossyProxy starts it, and returns the URL of the same database behind it.
func lossyProxy(t *testing.T, database, fate string) (*lossy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal("the URL of the database is malformed")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	p := &lossy{server: u.Host, fate: fate}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.relay(client)
		}
	}()
	u.Host = listener.Addr().String()
	return p, u.String()
}

// relay carries one connection until one of its COMMITs is chosen.
func (p *lossy) relay(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	var struck atomic.Bool
	answered := make(chan struct{}, 1)
	go func() {
		defer client.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := server.Read(buf)
			if struck.Load() {
				answered <- struct{}{}
				return
			}
			if err != nil {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if bytes.HasSuffix(buf[:n], []byte(committed)) && p.commits.Add(1)%3 != 0 {
			p.lost.Add(1)
			struck.Store(true)
			p.strike(client, server, buf[:n], answered)
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// strike cuts the client off, and gives the COMMIT its fate.
func (p *lossy) strike(client, server net.Conn, message []byte, answered <-chan struct{}) {
	switch p.fate {
	case fateGone:
		return
	case fateLater:
		client.Close()
		time.Sleep(flight)
	}
	if _, err := server.Write(message); err != nil {
		return
	}
	select {
	case <-answered:
	case <-time.After(patience):
	}
}

// TestACommitWhoseAnswerIsLost: whatever became of it, the evidence of a run has the numbers of what that run really stored,
// once, for tasks of one request and of several.
func TestACommitWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	ask := []string{"sync", "--json", "--instrument", "ES", "--timeframe", "1m,1d,1wk", "--deep", "--backfill"}
	env := func(database string) []string {
		return []string{when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + database}
	}
	calm := engines(t)[1]
	want := read(t, barkeep(t, env(calm.url), ask...).must(t, 0).stdout).Cells
	for _, fate := range []string{fateDone, fateGone, fateLater} {
		t.Run(fate, func(t *testing.T) {
			t.Parallel()
			e := engines(t)[1]
			barkeep(t, env(e.url), "migrate").must(t, 0)
			proxy, behind := lossyProxy(t, e.url, fate)
			ended := barkeep(t, env(behind), ask...).must(t, 0)
			if got := read(t, ended.stdout).Cells; !reflect.DeepEqual(got, want) {
				t.Errorf("the run says\n%+v\nwithout the losses\n%+v", got, want)
			}
			if n := proxy.lost.Load(); n < 6 {
				t.Errorf("only %d answers were lost", n)
			}
			var kept struct{ Cells []json.RawMessage }
			id := fmt.Sprint(readSlot(t, ended.stdout).Run.ID)
			if err := json.Unmarshal([]byte(barkeep(t, env(e.url), "runs", id, "--json").must(t, 0).stdout), &kept); err != nil {
				t.Fatal(err)
			}
			if len(kept.Cells) != len(want) {
				t.Errorf("the ledger has %d cells, want %d", len(kept.Cells), len(want))
			}
			sums := `SELECT coalesce(sum(inserted), 0)::int FROM cells WHERE state = 'stored'`
			if got, all := count(t, e, sums), count(t, calm, sums); got != all || got != count(t, e, `SELECT count(*) FROM candles`) {
				t.Errorf("the evidence is of %d bars, want %d", got, all)
			}
			barkeep(t, env(e.url), "verify", "--against", calm.url).must(t, 0)
		})
	}
}
