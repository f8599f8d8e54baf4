package server

import (
	"context"
	"math"
	"net"
	"net/http"
	"sync"
)

// connections are all that are open, most of them at once. When there are too many, one goes that no request holds: of the client
// that has the most, the one on which nothing has happened for longest. A request holds its connection while it is in a lane or
// has a place to wait. There are fewer of these than connections, so that a new one is always taken: a crowd that waits, reads
// slowly or sends half a request cannot keep a monitor out.
type connections struct {
	most int

	mu     sync.Mutex
	closed bool
	count  uint64
	open   map[net.Conn]*connection
	loose  map[string]int // connections that no request holds, by client
}

// connection is one that is open.
type connection struct {
	client string
	fresh  bool   // no request has begun on it, as browsers open them ahead
	held   int    // by requests
	since  uint64 // the sequence in which something happened on them last
}

// connKey is where the context of a request has its connection.
type connKey struct{}

func newConnections(most int) *connections {
	return &connections{most: most, open: map[net.Conn]*connection{}, loose: map[string]int{}}
}

// inContext is the server's ConnContext.
func (c *connections) inContext(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// changed is the server's ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.open[conn]
	switch {
	case state == http.StateNew && c.closed:
		_ = conn.Close()
	case state == http.StateNew:
		c.add(conn)
	case !ok: // it was cut
	case state == http.StateClosed || state == http.StateHijacked:
		c.remove(conn, known)
	default:
		known.fresh, known.since = false, c.next()
	}
}

func (c *connections) add(conn net.Conn) {
	added := &connection{client: clientAt(conn.RemoteAddr().String()), fresh: true, since: c.next()}
	c.open[conn] = added
	c.loose[added.client]++
	if len(c.open) > c.most {
		c.cutOne()
	}
}

// cutOne closes one connection that no request holds.
func (c *connections) cutOne() {
	var victim net.Conn
	most, oldest := 0, uint64(math.MaxUint64)
	for conn, known := range c.open {
		if n := c.loose[known.client]; known.held == 0 && (n > most || n == most && known.since < oldest) {
			victim, most, oldest = conn, n, known.since
		}
	}
	if victim != nil {
		c.remove(victim, c.open[victim])
		_ = victim.Close()
	}
}

func (c *connections) remove(conn net.Conn, known *connection) {
	delete(c.open, conn)
	if known.held == 0 {
		c.loosen(known.client, -1)
	}
}

func (c *connections) loosen(client string, by int) {
	if c.loose[client] += by; c.loose[client] <= 0 {
		delete(c.loose, client)
	}
}

func (c *connections) next() uint64 {
	c.count++
	return c.count
}

// hold keeps the connection of a request from being cut until the returned function is called. A request without a connection,
// as in tests of a handler, has none to hold.
func (c *connections) hold(ctx context.Context) (release func()) {
	conn, ok := ctx.Value(connKey{}).(net.Conn)
	if !ok {
		return func() {}
	}
	c.shift(conn, 1)
	return sync.OnceFunc(func() { c.shift(conn, -1) })
}

func (c *connections) shift(conn net.Conn, by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.open[conn]
	if !ok {
		return
	}
	before := known.held
	known.held += by
	switch {
	case before == 0:
		c.loosen(known.client, -1)
	case known.held == 0:
		known.since = c.next() // its answer may be in a buffer yet, so that it is not the next to go; no test is as quick
		c.loosen(known.client, 1)
	}
}

// close cuts those on which no request has begun, and any that come later: Shutdown would wait 5 seconds for them.
func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn, known := range c.open {
		if known.fresh {
			_ = conn.Close()
		}
	}
}
