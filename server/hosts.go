package server

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// hosts are the names that the server answers to. A web page may have its own name point at this machine (DNS rebinding), and its
// scripts could then read everything as if it came from the page's own site; but what its browser sends as Host stays that name.
type hosts map[string]bool

// newHosts takes the host of the address that is listened on, and the further names.
func newHosts(addr string, more []string) hosts {
	names := hosts{"localhost": true}
	if host, _, err := net.SplitHostPort(addr); err == nil && host != "" {
		names[nameOf(host)] = true
	}
	for _, name := range more {
		names[nameOf(strings.TrimSpace(name))] = true
	}
	delete(names, "")
	return names
}

// accepts tells whether a Host header names this server: a loopback name, an IP address (which no DNS points elsewhere), the
// host that is listened on, or one of the configured names. The port does not matter, nor does a request without a Host pass.
func (h hosts) accepts(header string) bool {
	host, ok := hostOf(header)
	if !ok {
		return false
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	name := nameOf(host)
	return h[name] || strings.HasSuffix(name, ".localhost") && len(name) > len(".localhost")
}

// hostOf is a Host header without its port and the brackets of an IPv6 address; false when it is no host at all.
func hostOf(header string) (string, bool) {
	if _, err := netip.ParseAddr(header); err == nil {
		return header, true // IPv6 without brackets
	}
	host, port, _ := strings.Cut(header, ":")
	if inside, ok := strings.CutPrefix(header, "["); ok {
		address, rest, closed := strings.Cut(inside, "]")
		if !closed || !strings.Contains(address, ":") || rest != "" && rest[0] != ':' {
			return "", false
		}
		host, port = address, strings.TrimPrefix(rest, ":")
	}
	if port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", false
		}
	}
	return host, host != ""
}

// nameOf is a host's name as it is compared: in lower case, without the dot of the root.
func nameOf(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// reached refuses what a browser was led to send: requests for another host (421), and those that change something and come from
// a page of another site (403). Nothing is looked up or started for them. Headers that a proxy adds are not looked at.
func (s *Server) reached(next http.Handler) http.Handler {
	foreign := http.NewCrossOriginProtection()
	return s.answered(func(w http.ResponseWriter, r *http.Request) error {
		if !s.hosts.accepts(r.Host) {
			return NewProblem(http.StatusMisdirectedRequest, "unknown-host", "this server does not answer to the host "+
				strconv.QuoteToASCII(Clipped(r.Host))+": ask for localhost or an IP address, or name it in HTTP_HOSTS and restart "+
				"the process").With("Connection", "close")
		}
		if err := foreign.Check(r); err != nil {
			return NewProblem(http.StatusForbidden, "cross-origin",
				"a page of another site asks for something that changes the state: this is for programs and for pages of this server")
		}
		next.ServeHTTP(w, r)
		return nil
	})
}
