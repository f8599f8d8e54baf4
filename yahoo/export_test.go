package yahoo

import (
	"net/http"
	"net/url"
)

// Through is the client's own transport behind a proxy; the environment's is read once a process.
func Through(proxy *url.URL) http.RoundTripper {
	own := ownTransport()
	if t, ok := own.(*http.Transport); ok {
		t.Proxy = http.ProxyURL(proxy)
	}
	return own
}
