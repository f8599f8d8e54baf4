package yahoo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"barkeep/market"
)

// proxyError is a proxy's answer that lets no connection through.
type proxyError struct {
	host   string
	status int
}

func (e *proxyError) Error() string {
	if e.status == http.StatusProxyAuthRequired {
		return fmt.Sprintf("the proxy %s wants a user and a password (HTTP 407)", e.host)
	}
	return fmt.Sprintf("the proxy %s lets nothing through to the provider (HTTP %d)", e.host, e.status)
}

// onProxyConnect tells a proxy's refusal, of which net/http keeps only the words.
func onProxyConnect(_ context.Context, proxy *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyError{proxy.Host, response.StatusCode}
}

// What to do about a fault.
const (
	remedyNetwork = "check the network of this machine or container, and its name servers"
	remedyProxy   = "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY, and what the proxy allows"
	remedyTrust   = "check the clock, the CA certificates of this machine or container, and whether a proxy opens the traffic"
	remedyRefused = "check YAHOO_BASE_URL, if it is set, and firewalls"
	remedyLater   = "wait: it is asked again by itself"
	remedyFewer   = "wait for hours rather than minutes, and lower YAHOO_REQUESTS_PER_MINUTE; others behind this address count too"
)

// causeOf says in plain words why no answer came from a host, and whether it could not be reached at all; "" for what it does
// not know.
func causeOf(err error, host string) (cause string, unreachable bool) {
	var proxy *proxyError
	var lookup *net.DNSError
	var operation *net.OpError
	dialed := errors.As(err, &operation) && (operation.Op == "dial" || operation.Op == "proxyconnect")
	var inner *net.OpError
	if dialed && operation.Op == "proxyconnect" {
		host = "the proxy"
		if errors.As(operation.Err, &inner) && inner.Addr != nil {
			host += " " + inner.Addr.String()
		}
	}
	switch {
	case errors.As(err, &proxy):
		return proxy.Error(), true
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return fmt.Sprintf("the name %s does not resolve", lookup.Name), true
	case errors.As(err, &lookup):
		return fmt.Sprintf("no network, or no name server answers: the name %s could not be looked up", lookup.Name), true
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETDOWN):
		return "no network: there is no way to " + host, true
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused by " + host, true
	case dialed && operation.Timeout():
		return "time-out: no connection to " + host, true
	}
	if says := distrust(err); says != "" {
		return fmt.Sprintf("the certificate of %s is not trusted: %s", host, says), true
	}
	var plain tls.RecordHeaderError
	var late net.Error
	switch {
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		return host + " does not speak TLS", true
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fmt.Sprintf("the connection to %s was cut", host), true
	case errors.As(err, &late) && late.Timeout():
		return "time-out: no answer from " + host, true
	}
	return "", dialed
}

// distrust says what is wrong with a certificate; empty when nothing is.
func distrust(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown):
		return "who signed it is unknown"
	case errors.As(err, &name):
		return "it is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it is over, or not valid yet"
	case errors.As(err, &invalid), errors.As(err, &other):
		return strings.TrimPrefix(err.Error(), "tls: failed to verify certificate: ")
	default:
		return ""
	}
}

// remedyOf is what to do about a fault.
func remedyOf(err error) string {
	var refusal *market.FetchError
	var proxy *proxyError
	var operation *net.OpError
	if !errors.As(err, &refusal) {
		return remedyLater
	}
	switch cause := refusal.Err; {
	case refusal.Outcome == market.OutcomeThrottled, refusal.Status == statusBlocked:
		return remedyFewer
	case refusal.Status == http.StatusProxyAuthRequired, errors.As(cause, &proxy),
		errors.As(cause, &operation) && operation.Op == "proxyconnect":
		return remedyProxy
	case distrust(cause) != "":
		return remedyTrust
	case errors.Is(cause, syscall.ECONNREFUSED):
		return remedyRefused
	case refusal.Unreachable:
		return remedyNetwork
	default:
		return remedyLater
	}
}
