package notify_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"barkeep/notify"
)

func TestReasons(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`Post "https://x/hunter2": dial tcp 127.0.0.1:1: connect: connection refused`: "connection refused",
		`got unexpected HTTP status: 404 Not Found`:                                   "the server answered 404 Not Found",
		`failed to send: server returned status 502`:                                  "the server answered 502 Bad Gateway",
		`Post "https://x": dial tcp: lookup hunter2 on 1.1.1.1:53: no such host`:      "no such host",
		`tls: failed to verify certificate: x509: certificate signed by hunter2`:      "the server's certificate is not trusted",
		`Bad Request: chat not found`:                                                 "the service does not know the chat",
		`Post "https://x": EOF`:                                                       "the connection broke",
		`hunter2`:                                                                     "the service refused it; its words are not shown, since they may hold secrets",
		`the 500th try`:                                                               "the service refused it; its words are not shown, since they may hold secrets",
	} {
		if got := notify.Reason(errors.New(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	timedOut := fmt.Errorf("send to hunter2: %w", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded})
	if got := notify.Reason(timedOut); got != "no answer in time" {
		t.Errorf("a time-out is %q", got)
	}
}

// TestReasonsAreAClosedSet holds for the text of any error: nothing of it comes through.
func TestReasonsAreAClosedSet(t *testing.T) {
	t.Parallel()
	answered := regexp.MustCompile(`^the server answered [45]\d\d [A-Z][A-Za-z' -]+$`)
	closed := []string{
		"no answer in time", "no such host", "connection refused", "the server's certificate is not trusted",
		"the server speaks http, not https", "the service does not know the chat", "the service does not know the channel",
		"the service does not accept the token or password", "the connection broke", "the network is unreachable",
		"the service refused it; its words are not shown, since they may hold secrets",
	}
	words := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"timeout", "x509: ", " 401 Unauthorized ", "status 599", "status 503", "EOF", ": EOF", "connection refused", "forbidden",
		"chat not found", "418 I'm a teapot", "http response to HTTPS",
	}))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(words).Draw(t, "words"), "")
		err := notify.Undelivered("here", errors.New(text))
		got, ok := strings.CutPrefix(err.Error(), "here: not delivered: ")
		if !ok || !slices.Contains(closed, got) && !answered.MatchString(got) {
			t.Fatalf("%q became %q", text, err)
		}
	})
}
