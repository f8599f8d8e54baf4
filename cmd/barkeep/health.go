package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// healthCommand asks a running worker how it is: for HEALTHCHECK in an image without a shell, and for monitors.
type healthCommand struct {
	Live bool `name:"live" help:"Ask only whether the process lives, not whether it can do its work."`
}

// Run carries the command out.
func (c *healthCommand) Run(p *process) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	answer, err := askHealth(p.ctx, s.config.HTTPAddr, c.Live)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.out, answer)
	return err
}

// healthBound is how long a worker may take to say how it is: longer than /readyz waits for its parts.
const healthBound = 4 * time.Second

// healthAnswer is what /healthz and /readyz say, as JSON or problem+json.
type healthAnswer struct {
	Status any    `json:"status"` // "ok" or "ready"; of a problem its number
	Detail string `json:"detail"`
}

// askHealth asks the worker at HTTP_ADDR whether it can do its work, or with live whether it lives, and returns its word for
// it, "ready" or "ok". The error says why not; a worker that cannot be reached is one.
func askHealth(ctx context.Context, address string, live bool) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, healthBound)
	defer cancel()
	path := "/readyz"
	if live {
		path = "/healthz"
	}
	url := "http://" + reachableAt(address) + path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", url, err)
	}
	// No proxy: what HTTP_PROXY names need not know the way to this machine.
	client := &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("the worker does not answer: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	var answer healthAnswer
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&answer); err != nil {
		return "", fmt.Errorf("%s answers %s, but no worker of Barkeep's does so: %w", url, response.Status, err)
	}
	if response.StatusCode != http.StatusOK {
		return "", notReadyError(answer.Detail)
	}
	return fmt.Sprint(answer.Status), nil
}

// notReadyError is why a worker that answers cannot do its work.
type notReadyError string

func (e notReadyError) Error() string { return "the worker is not ready: " + string(e) }

// reachableAt is an address at which what listens on addr can be reached from this machine: an address for all interfaces
// becomes the loopback one.
func reachableAt(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || (err == nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
		if ip.Is6() {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port)
}
