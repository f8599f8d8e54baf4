package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// notShown stands for a value that may hold a password.
const notShown = "(not shown: it may hold a password)"

// encode says how odd characters of a password are written.
const encode = "; in a user or password write @ as %40, / as %2F, : as %3A, ? as %3F, # as %23 and % as %25"

// acceptedDatabase says what DATABASE_URL may be.
const acceptedDatabase = "postgres://user:password@host:5432/name, or sqlite:PATH such as sqlite:data/barkeep.db" + encode

// checkAddresses returns what is wrong with the addresses. A URL with an @ that is not the one before its host is refused:
// somebody's password holds it, and whoever reads the URL otherwise would take a part of the password for a host.
func (c *Config) checkAddresses() []Problem {
	var found []Problem
	if c.DatabaseURL != "" && (strayAt(c.DatabaseURL) || !validDatabase(c.DatabaseURL)) {
		found = append(found, Problem{"DATABASE_URL", Redact(c.DatabaseURL), acceptedDatabase})
	}
	if c.RedisURL != "" && (strayAt(c.RedisURL) || !validRedis(c.RedisURL)) {
		found = append(found, Problem{
			"REDIS_URL", Redact(c.RedisURL), "redis://host:6379/0, unix:///path, redis+cluster://host:6379?addr=host2:6379, or " +
				"redis+sentinel://host:26379/0?master_name=NAME&addr=host2:26379, with TLS rediss...; unset for none" + encode,
		})
	}
	if c.YahooBaseURL != "" && (strings.ContainsAny(c.YahooBaseURL, "?#") || strayAt(c.YahooBaseURL) ||
		!validURL(c.YahooBaseURL, "http", "https")) {
		found = append(found, Problem{
			"YAHOO_BASE_URL", Redact(c.YahooBaseURL), "http://host:port or https://host; unset for the real provider" + encode,
		})
	}
	for i, address := range c.NotifyURLs {
		if strayUser(address) {
			found = append(found, Problem{
				"NOTIFY_URLS", notShown, fmt.Sprintf("URLs with one @ before the host, which entry %d has not%s", i+1, encode),
			})
			break
		}
	}
	if c.HeartbeatURL != "" && (strayUser(c.HeartbeatURL) || !validURL(c.HeartbeatURL, "http", "https")) {
		found = append(found, Problem{"HEARTBEAT_URL", notShown, "the address of a monitor, http://... or https://..." + encode})
	}
	if c.PublicURL != "" && !validPublic(c.PublicURL) {
		found = append(found, Problem{
			"PUBLIC_URL", Redact(c.PublicURL), "the address by which people reach the page, http://host:port or https://host/path, " +
				"without user, ? and #; unset for none",
		})
	}
	return found
}

// validPublic tells whether a text is an address for people: it stands in notices, so it holds no password.
func validPublic(text string) bool {
	u, err := url.Parse(text)
	return err == nil && validURL(text, "http", "https") && u.User == nil && !strings.ContainsAny(text, "@?#") && u.Hostname() != ""
}

// strayAt tells whether a URL of a server has an @ that is not the one between the user and the host.
func strayAt(text string) bool {
	_, rest, found := strings.Cut(text, "://")
	if !found || strings.HasPrefix(text, "sqlite:") {
		return false // the path of a file may have any character
	}
	authority := rest[:authorityEnd(rest)]
	return strings.Count(rest, "@") > strings.Count(authority, "@") || strayUser(text)
}

// strayUser tells whether the user and password of a URL hold an @, or a / that ends them too soon. Elsewhere the address of a
// service may have one, as in to=somebody@example.org.
func strayUser(text string) bool {
	_, rest, found := strings.Cut(text, "://")
	if !found {
		return false
	}
	end := authorityEnd(rest)
	authority, path := rest[:end], rest[end:]
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	colon := strings.Contains(authority, ":") && !strings.Contains(authority, "@")
	return strings.Count(authority, "@") > 1 || colon && strings.Contains(path, "@")
}

// authorityEnd is where the user, password, host and port of what follows :// end.
func authorityEnd(rest string) int {
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		return end
	}
	return len(rest)
}

func validDatabase(text string) bool {
	if path, ok := strings.CutPrefix(text, "sqlite:"); ok {
		return strings.Trim(path, "/") != ""
	}
	return validURL(text, "postgres", "postgresql")
}

func validRedis(text string) bool {
	return validURL(text, "redis", "rediss", "unix", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel")
}

func validURL(text string, schemes ...string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	for _, scheme := range schemes {
		if u.Scheme == scheme {
			return u.Host != "" || (scheme == "unix" && u.Path != "")
		}
	}
	return false
}

// Redact hides the passwords of a URL, and everything of what is none.
func Redact(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "" || strayAt(text):
		return notShown
	case u.Opaque != "" && strings.Contains(text, "@"):
		return u.Scheme + ":" + notShown
	case u.Opaque != "" && u.Scheme != "sqlite" && strings.Trim(u.Opaque, "0123456789") != "":
		return notShown // neither scheme:// nor host:port
	}
	if _, set := u.User.Password(); u.User != nil && !set && !strings.HasPrefix(u.Scheme, "postgres") {
		u.User = url.User(hidden) // a password that was written without the colon before it
	}
	hideOptions(u)
	return u.Redacted()
}

// hideOptions hides the value of every option that is a password. What follows an odd character of a password looks like
// another option, or like a fragment: where there is a password, what has no value or comes after a # is hidden as well.
func hideOptions(u *url.URL) {
	options, secret := strings.Split(u.RawQuery, "&"), false
	for i, option := range options {
		key, _, _ := strings.Cut(option, "=")
		plain, err := url.QueryUnescape(key)
		if err != nil || strings.Contains(strings.ToLower(plain), "password") {
			options[i], secret = key+"="+hidden, true
		}
	}
	if !secret {
		return
	}
	for i, option := range options {
		if !strings.Contains(option, "=") {
			options[i] = hidden
		}
	}
	u.RawQuery = strings.Join(options, "&")
	if u.Fragment != "" {
		u.Fragment, u.RawFragment = hidden, ""
	}
}

// validOrigin tells whether a text is an origin as browsers send it: a scheme, a host, and a port where it is not the scheme's.
func validOrigin(text string) bool {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Scheme+"://"+u.Host != strings.TrimSpace(text) {
		return false
	}
	if u.Port() == "" && strings.HasSuffix(u.Host, ":") || u.Port() == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		return false
	}
	_, err = netip.ParseAddr(u.Hostname())
	return err == nil || validHost(u.Hostname())
}
