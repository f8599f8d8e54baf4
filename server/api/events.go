package api

import (
	"context"
	"net/http"
	"time"

	"barkeep/ledger"
	"barkeep/query"
	"barkeep/server"
)

const (
	eventStream = "text/event-stream"
	heartbeat   = 15 * time.Second // the longest silence of a stream
	eventRuns   = 20               // the newest runs, which are looked at
)

type eventsInput struct {
	Wait wait `query:"wait" format:"wait" example:"0s" doc:"How long to listen; 600s by default."`
}

// runEvent is a run as listeners are told of it.
type runEvent struct {
	id      int64
	running bool
	text    string
}

// watchRuns looks at the newest runs for all who listen, the newest first.
func watchRuns(s *server.Server) *server.Watch[struct{}, []runEvent] {
	return server.NewWatch(s, server.WatchConfig[struct{}, []runEvent]{
		Every: pollEvery, Most: 1,
		Read: func(ctx context.Context, _ struct{}) ([]runEvent, error) {
			ctx, cancel := context.WithTimeout(ctx, s.RequestTimeout)
			defer cancel()
			recent, err := query.ReadRecent(ctx, s.Ledger, eventRuns)
			if err != nil {
				return nil, err
			}
			events := make([]runEvent, len(recent.Runs))
			for i, shown := range s.Views().Runs(recent.Runs, recent.Progress) {
				text := "event: run\ndata: " + string(server.Encode(shown)) + "\n"
				events[i] = runEvent{shown.ID, shown.State == ledger.StateRunning, text}
			}
			return events, nil
		},
	})
}

// listener is one who is told of runs, and what it knows of them.
type listener struct {
	*call
	place *server.Place
	known map[int64]string // the newest runs, by their numbers
}

// events tells of runs as they go. The ledger is asked once a second for all listeners, and not at all without one. An error that
// comes once the stream has begun is the client's, which has gone.
func (a *API) events(c *call, p *eventsInput) error {
	wait := max(p.Wait.Duration, time.Nanosecond)
	if !c.query.Has("wait") {
		wait = longestWait
	}
	place, err := a.server.Place(c.r, wait) //nolint:contextcheck // it is over when the server stops, too
	if err != nil {
		return err
	}
	defer place.Leave()
	server.SetDeadlines(c.w, a.server.RequestTimeout)
	now, err := a.recent.Look(c.r.Context(), struct{}{})
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", eventStream)
	c.w.Header().Set("X-Accel-Buffering", "no") // a proxy passes each event on at once
	c.w.WriteHeader(http.StatusOK)
	if c.r.Method == http.MethodHead {
		return nil
	}
	l := listener{c, place, map[int64]string{}}
	for alive := l.send(l.first(now)); alive; {
		alive = l.listen()
	}
	return nil
}

// first are the runs in progress and the newest one.
func (l *listener) first(now []runEvent) string {
	text := "retry: 5000\n\n"
	for i := len(now) - 1; i >= 0; i-- {
		l.known[now[i].id] = now[i].text
		if now[i].running || i == 0 {
			text += now[i].text
		}
	}
	return text
}

// listen waits for news, or until the next sign of life is due; false when the stream is over.
func (l *listener) listen() bool {
	within, cancel := l.place.Within(heartbeat)
	defer cancel()
	server.SetDeadlines(l.w, heartbeat)
	now, found, err := l.api.recent.Wait(l.r.Context(), server.ClientOf(l.r), struct{}{}, within.Done(), l.differ)
	switch {
	case err != nil:
		return false
	case found:
		return l.send(l.news(now))
	}
	select {
	case <-l.place.Over():
		return false
	default:
		return l.send(": nothing new\n\n")
	}
}

// differ tells whether there are news.
func (l *listener) differ(now []runEvent) bool {
	for _, e := range now {
		if l.known[e.id] != e.text {
			return true
		}
	}
	return false
}

// news are the runs that are not as the listener knows them, the oldest first.
func (l *listener) news(now []runEvent) string {
	text, known := "", map[int64]string{}
	for i := len(now) - 1; i >= 0; i-- {
		known[now[i].id] = now[i].text
		if l.known[now[i].id] != now[i].text {
			text += now[i].text
		}
	}
	l.known = known
	return text
}

// send sends a text at once; false when the client does not take it.
func (l *listener) send(text string) bool {
	_, err := l.w.Write([]byte(text))
	if err == nil {
		err = http.NewResponseController(l.w).Flush()
	}
	return err == nil
}
