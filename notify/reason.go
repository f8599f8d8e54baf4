package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
)

// What goes wrong on this side of the line.
var (
	errBusy   = errors.New("earlier ones still hang")
	errBroken = errors.New("the library for this service broke")
	errClosed = errors.New("the notifier is closed")
	errAway   = errors.New("redirected to another host, or from https to http")
)

// undelivered is the error of what could not be delivered, or nil. It shows nothing of err but what reason picks, and wraps
// none of it but the end of a context.
func undelivered(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w: %w", name, ErrUndelivered, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w: no answer in time: %w", name, ErrUndelivered, context.DeadlineExceeded)
	default:
		return fmt.Errorf("%s: %w: %s", name, ErrUndelivered, reason(err))
	}
}

// reason picks, out of a closed set of texts, the one that fits an error of a library. Nothing of the error's own text is
// passed on: libraries quote URLs, and servers quote what they were sent.
func reason(err error) string {
	for _, own := range []error{errBusy, errBroken, errClosed, errAway} {
		if errors.Is(err, own) {
			return own.Error()
		}
	}
	var timed net.Error
	var unknown *net.DNSError
	switch {
	case errors.As(err, &timed) && timed.Timeout():
		return "no answer in time"
	case errors.As(err, &unknown):
		return "no such host"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	}
	text := err.Error()
	if strings.Contains(text, "chat not found") { // Telegram says so with a 400
		return "the service does not know the chat"
	}
	if code := status(text); code != 0 {
		return "the server answered " + strconv.Itoa(code) + " " + http.StatusText(code)
	}
	return phrase(strings.ToLower(text))
}

// status finds the HTTP status of a failure in the text of an error; 0 when there is none.
func status(text string) int {
	for code := http.StatusBadRequest; code < 600; code++ {
		name := http.StatusText(code)
		if name == "" || !strings.Contains(text, strconv.Itoa(code)) {
			continue
		}
		number := strconv.Itoa(code)
		for _, form := range []string{number + " " + name, "HTTP " + number, "status " + number, "status code: " + number} {
			if strings.Contains(text, form) {
				return code
			}
		}
	}
	return 0
}

// phrase knows failures by what libraries say about them, in lower case. Many of them drop the error that they wrap.
func phrase(text string) string {
	for _, known := range []struct{ says, means string }{
		{"connection refused", "connection refused"},
		{"no such host", "no such host"},
		{"deadline exceeded", "no answer in time"},
		{"timeout", "no answer in time"},
		{"timed out", "no answer in time"},
		{"x509", "the server's certificate is not trusted"},
		{"certificate", "the server's certificate is not trusted"},
		{"http response to https", "the server speaks http, not https"},
		{"channel_not_found", "the service does not know the channel"},
		{"unauthorized", "the service does not accept the token or password"},
		{"forbidden", "the service does not accept the token or password"},
		{"invalid_auth", "the service does not accept the token or password"},
		{"invalid_token", "the service does not accept the token or password"},
		{"username and password not accepted", "the service does not accept the token or password"},
		{"authentication failed", "the service does not accept the token or password"},
		{"connection reset", "the connection broke"},
		{"broken pipe", "the connection broke"},
		{": eof", "the connection broke"},
		{"unexpected eof", "the connection broke"},
		{"network is unreachable", "the network is unreachable"},
		{"no route to host", "the network is unreachable"},
	} {
		if strings.Contains(text, known.says) {
			return known.means
		}
	}
	return "the service refused it; its words are not shown, since they may hold secrets"
}
