// Package postgres keeps the archive and the ledger in PostgreSQL, version 13 or later.
//
// It has the methods and the rules of the SQLite archive; package storetest holds both to them. Any number of processes
// may share a database: writers of one series queue up for its advisory lock, readers never wait.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"barkeep/store/sqlstore"
)

// defaultMaxConns is enough for the two writers that saturate one server, a reader and the ledger.
const defaultMaxConns = 4

// Config says which database to use.
type Config struct {
	// URL is postgres://user:password@host:port/database?sslmode=..., with the parameters that libpq knows.
	URL string
	// MaxConns bounds the connections of this process; 0 for four.
	MaxConns int32
	// Now is the clock of revisions; required.
	Now func() time.Time
	// Hide hides secrets in the reasons of runs and cells that are written and read; nil where nothing is secret.
	Hide func(text string) string
	// Logger takes what a caller is not told by an error; nil for silence.
	Logger *slog.Logger
}

// Archive is a pool of connections to one database. Its methods may be called by several goroutines at once.
type Archive struct {
	*sqlstore.Store
	pool   *pgxpool.Pool
	name   name
	now    func() time.Time
	hide   func(string) string
	logger *slog.Logger
}

// Open connects and asks the server for an answer, until ctx ends. It does not migrate. No error holds the password.
func Open(ctx context.Context, cfg Config) (*Archive, error) {
	if cfg.Now == nil {
		return nil, errors.New("open the PostgreSQL archive: Config.Now is nil; give it a clock")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	settings, err := parseURL(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("open the PostgreSQL archive: %w", err)
	}
	if cfg.MaxConns < 0 {
		return nil, fmt.Errorf("open the PostgreSQL archive: MaxConns is %d; give 1 or more, or 0 for %d",
			cfg.MaxConns, defaultMaxConns)
	}
	settings.MaxConns = cfg.MaxConns
	if cfg.MaxConns == 0 {
		settings.MaxConns = defaultMaxConns
	}
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("open the PostgreSQL archive: %w", err)
	}
	a := &Archive{pool: pool, name: nameOf(settings), now: cfg.Now, hide: cfg.Hide, logger: cfg.Logger}
	a.Store = sqlstore.New(engine{q: pool, name: a.name, archive: a}, dialect(a.hide))
	if err := a.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open the PostgreSQL archive: %w", err)
	}
	return a, nil
}

// Close closes the connections. It waits for transactions that are still open.
func (a *Archive) Close() { a.pool.Close() }

// Ping tells whether the server answers.
func (a *Archive) Ping(ctx context.Context) error {
	if err := a.pool.Ping(ctx); err != nil {
		return fmt.Errorf("ping PostgreSQL: %w", a.name.explain(err))
	}
	return nil
}

// Clock reads the server's clock, as leases end by it.
func (a *Archive) Clock(ctx context.Context) (now time.Time, err error) {
	if err = a.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now); err != nil {
		return time.Time{}, fmt.Errorf("read the clock of PostgreSQL: %w", a.name.explain(err))
	}
	return now.UTC(), nil
}
