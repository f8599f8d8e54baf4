package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
)

// Authorized returns a problem unless the request shows the token for changes.
func (s *Server) Authorized(r *http.Request) error {
	if s.Token == "" {
		return NewProblem(http.StatusForbidden, "no-token", "nothing can be started over HTTP: this process has no API_TOKEN; "+
			"set one and restart it")
	}
	return show(r, "API_TOKEN", s.Token)
}

// Readable returns a problem unless the request shows the token for reading, where there is one, or the one for changes.
func (s *Server) Readable(r *http.Request) error {
	if s.ReadToken == "" {
		return nil
	}
	return show(r, "API_READ_TOKEN", s.ReadToken, s.Token)
}

// show returns a problem unless the header Authorization shows one of the tokens that are not empty. A cookie is never looked at,
// since a browser would send it for any page. Hashes are compared, in constant time, so that neither a token's bytes nor its
// length can be learned from how long it takes.
func show(r *http.Request, name string, tokens ...string) error {
	scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	shown = strings.TrimSpace(shown)
	if !strings.EqualFold(scheme, "Bearer") || shown == "" {
		return NewProblem(http.StatusUnauthorized, "token-required",
			"show the "+name+" of this process in the header: Authorization: Bearer TOKEN").
			With("WWW-Authenticate", `Bearer realm="barkeep"`)
	}
	given, same := sha256.Sum256([]byte(shown)), 0
	for _, token := range tokens {
		right := sha256.Sum256([]byte(token))
		if token != "" {
			same |= subtle.ConstantTimeCompare(given[:], right[:])
		}
	}
	if same != 1 {
		return NewProblem(http.StatusUnauthorized, "token-wrong",
			"the token in the header Authorization is not the "+name+" of this process").
			With("WWW-Authenticate", `Bearer realm="barkeep", error="invalid_token"`)
	}
	return nil
}

// isOpen tells whether a request is for monitors, which have no token, or for what HandleOpen added.
func (s *Server) isOpen(r *http.Request) bool {
	if path := r.URL.Path; path == "/healthz" || path == "/readyz" || path == "/metrics" {
		return true
	}
	_, pattern := s.mux.Handler(r)
	return slices.Contains(s.public, pattern)
}

// guarded asks whoever reads for the token, whatever is read and whether it is there or not. What changes something asks for the
// other one by itself.
func (s *Server) guarded(next http.Handler) http.Handler {
	return s.answered(func(w http.ResponseWriter, r *http.Request) error {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if reads && !s.isOpen(r) {
			if err := s.Readable(r); err != nil {
				return err
			}
		}
		next.ServeHTTP(w, r)
		return nil
	})
}
