package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/store"
	"barkeep/tasks"
)

// Server answers HTTP requests about one Barkeep process. Routes of other packages are added with Handle before it serves.
// Its Handler works without Start; Stop it in any case.
type Server struct {
	Config

	views    view.Renderer
	tasks    *tasks.Group
	mux      *http.ServeMux
	paths    []string // of the mux, in the order in which they were added
	patterns []string // likewise, with their methods
	public   []string // those that nobody needs a token for
	handler  http.Handler
	started  time.Time

	checks   []*checked
	runs     *source[query.Recent]
	slots    *source[[]query.Slot]
	series   *source[[]market.SeriesState]
	provider *source[ProviderState]
	settled  *source[market.Calendars]
	held     *source[[]view.HeldBack]
	covered  *source[[]query.Covered]

	hosts    hosts
	work     *Lane // of the routes that are added with Handle
	monitors *Lane
	places   *Places

	packers *packers

	http     *http.Server
	open     *connections
	listener net.Listener
	failed   chan error
}

// The bounds of a connection beyond those of its requests.
const (
	headerTimeout = 5 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10 // bytes
	deadlineGrace = 5 * time.Second
)

// New checks the configuration and builds the handler; it listens nowhere yet.
func New(c Config) (*Server, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Server{
		Config: c, views: view.Renderer{Pacific: c.Pacific}, tasks: tasks.New(context.Background()), mux: http.NewServeMux(),
		started: c.Now(), failed: make(chan error, 1), hosts: newHosts(c.Addr, c.Hosts), open: newConnections(c.Limits.Connections),
		work:     NewLane(c.Limits.Requests, int64(c.Limits.AtOnce)),
		monitors: NewLane(c.Limits.Monitors, monitorsAtOnce),
	}
	var err error
	if s.packers, err = newPackers(); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s.places = &Places{most: c.Limits.Waiting, open: s.open}
	s.runs = newSource(s, "runs", func(ctx context.Context) (query.Recent, error) {
		return query.ReadRecent(ctx, s.Ledger, recentLimit)
	})
	s.slots = newSource(s, "slots", func(ctx context.Context) ([]query.Slot, error) {
		return query.ReadToday(ctx, s.Ledger, s.Now(), s.Kept, s.Import, s.Maintenance)
	})
	s.series = newSource(s, "series", c.States)
	s.provider = newSource(s, "provider", c.Provider)
	s.settled = newSource(s, "calendars", func(ctx context.Context) (market.Calendars, error) {
		if s.Calendars == nil {
			return market.Calendars{}, nil
		}
		settled, _, err := store.SettledCalendars(ctx, s.Calendars) // imports log changes that make no sense
		return settled, err
	})
	s.held = newSource(s, "held back", func(ctx context.Context) ([]view.HeldBack, error) {
		if s.Held == nil {
			return []view.HeldBack{}, nil
		}
		return s.Held(ctx)
	})
	s.covered = newSource(s, "coverage", func(ctx context.Context) ([]query.Covered, error) {
		if s.Coverage == nil {
			return nil, nil
		}
		return query.SumCoverage(ctx, s.Coverage)
	})
	for _, check := range c.Checks {
		s.checks = append(s.checks, newChecked(s, check))
	}
	s.handler = s.routes()
	s.http = &http.Server{
		Handler: s.handler, ConnState: s.open.changed, ConnContext: s.open.inContext,
		ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, DisableGeneralOptionsHandler: true, // OPTIONS * is no exception to what is refused
		ErrorLog: slog.NewLogLogger(c.Logger.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// Handler answers every path of the server.
func (s *Server) Handler() http.Handler { return s.handler }

// Start listens and serves until Stop. It returns once connections are accepted.
func (s *Server) Start(ctx context.Context) error {
	listener := s.Listener
	if listener == nil {
		var err error
		var config net.ListenConfig
		if listener, err = config.Listen(ctx, "tcp", s.Addr); err != nil {
			return fmt.Errorf("listen on HTTP_ADDR %q: %w", s.Addr, err)
		}
	}
	s.listener = listener
	serving := s.tasks.Start(func(context.Context) {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve HTTP on %s: %w", listener.Addr(), err)
		}
	})
	if !serving {
		return errors.Join(errors.New("start the HTTP server: it was stopped"), listener.Close())
	}
	s.Logger.InfoContext(ctx, "http server listens", "addr", listener.Addr().String())
	return nil
}

// URL is where the server listens, such as http://127.0.0.1:8080; empty before Start.
func (s *Server) URL() string {
	if s.listener == nil {
		return ""
	}
	return "http://" + s.listener.Addr().String()
}

// Views renders values of the domain as all routes show them.
func (s *Server) Views() view.Renderer { return s.views }

// Failed gives at most one error, when serving ended by itself.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop ends it: waiting requests are answered with what is known, others may finish within StopTimeout or ctx, then their
// connections are closed. It waits for every goroutine of the server and names in the error what did not end. Calling it
// again is harmless.
func (s *Server) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.StopTimeout)
	defer cancel()
	s.tasks.Stop()
	s.open.close()
	var errs []error
	if s.listener == nil && s.Listener != nil {
		if err := s.Listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if err := s.http.Shutdown(ctx); err != nil {
		errs = append(errs, fmt.Errorf("stop the HTTP server: requests did not end within %s: %w", s.StopTimeout, err), s.http.Close())
	}
	if !s.tasks.Wait(ctx) {
		errs = append(errs, errors.New("stop the HTTP server: something that was asked for its state still hangs"))
	}
	return errors.Join(errs...)
}
