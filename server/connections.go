package server

import (
	"net"
	"net/http"
	"sync"
)

// connections are those on which no request has begun, as browsers open them ahead. Shutdown would wait 5 seconds for them.
type connections struct {
	mu     sync.Mutex
	closed bool
	fresh  map[net.Conn]struct{}
}

// changed is the server's ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(c.fresh, conn)
	case c.closed:
		_ = conn.Close()
	default:
		c.fresh[conn] = struct{}{}
	}
}

// close cuts them, and any that come later.
func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn := range c.fresh {
		_ = conn.Close()
	}
}
