package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Authorized returns a problem unless the request shows the token. Hashes are compared, in constant time, so that neither the
// token's bytes nor its length can be learned from how long it takes.
func (s *Server) Authorized(r *http.Request) error {
	if s.Token == "" {
		return NewProblem(http.StatusForbidden, "no-token", "nothing can be started over HTTP: this process has no API_TOKEN; "+
			"set one and restart it")
	}
	scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	shown = strings.TrimSpace(shown)
	if !strings.EqualFold(scheme, "Bearer") || shown == "" {
		return NewProblem(http.StatusUnauthorized, "token-required",
			"show the API_TOKEN of this process in the header: Authorization: Bearer TOKEN").
			With("WWW-Authenticate", `Bearer realm="barkeep"`)
	}
	given, right := sha256.Sum256([]byte(shown)), sha256.Sum256([]byte(s.Token))
	if subtle.ConstantTimeCompare(given[:], right[:]) != 1 {
		return NewProblem(http.StatusUnauthorized, "token-wrong",
			"the token in the header Authorization is not the API_TOKEN of this process").
			With("WWW-Authenticate", `Bearer realm="barkeep", error="invalid_token"`)
	}
	return nil
}
