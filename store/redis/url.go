package redis

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// accepted is what a URL may look like.
const accepted = "accepted are redis://[user:password@]host:6379/0, unix:///path/to/socket?db=0, " +
	"redis+cluster://[user:password@]host:6379?addr=host2:6379, and " +
	"redis+sentinel://host:26379/0?master_name=NAME&addr=host2:26379 (user and password before its host are those of the " +
	"sentinels, username= and password= those of the servers), each with TLS as rediss; percent-encode odd characters of a " +
	"password"

// target is what a URL names: one of the three.
type target struct {
	server   *goredis.Options
	cluster  *goredis.ClusterOptions
	sentinel *goredis.FailoverOptions
}

// address is a URL in its parts.
type address struct {
	kind   string   // "" for one server, "cluster", "sentinel"
	plain  string   // the whole without the kind, as go-redis reads it
	url    *url.URL // plain, parsed
	query  url.Values
	secret bool // the query may hold a password, or a part of one
}

// readURL reads a URL, or says with ErrURL what is wrong with it and what is accepted. The parser's own errors are not
// shown: they quote what could not be read, and that can be a part of a password that is not percent-encoded.
func readURL(text string) (target, error) {
	var t target
	a, wrong := split(text)
	if wrong == "" {
		t, wrong = a.target()
	}
	if wrong != "" {
		return target{}, fmt.Errorf("%w %s: %s; %s", ErrURL, redact(text), wrong, accepted)
	}
	return t, nil
}

// split takes a URL apart; wrong says why it cannot.
func split(text string) (a address, wrong string) {
	scheme, rest, _ := strings.Cut(text, "://")
	base, kind, _ := strings.Cut(strings.ToLower(scheme), "+")
	known := kind == "" && (base == "redis" || base == "rediss" || base == "unix") ||
		(kind == "cluster" || kind == "sentinel") && (base == "redis" || base == "rediss")
	if !known {
		return a, "its scheme is not known"
	}
	a.kind, a.plain = kind, base+"://"+rest
	var err error
	if a.url, err = url.Parse(a.plain); err != nil {
		return a, "it cannot be taken apart (further hosts belong into addr=)"
	}
	if a.query, err = url.ParseQuery(a.url.RawQuery); err != nil {
		return a, "its options cannot be taken apart"
	}
	a.secret = doubtful(text)
	for key := range a.query {
		a.secret = a.secret || secret(key)
	}
	return a, ""
}

// target reads the options; wrong says which of them cannot be used.
func (a address) target() (t target, wrong string) {
	for _, check := range []func() string{a.badPlace, a.badAddress, a.badOption, a.badNumber, a.badReplica} {
		if wrong := check(); wrong != "" {
			return target{}, wrong
		}
	}
	var err error
	switch a.kind {
	case "cluster":
		t.cluster, err = goredis.ParseClusterURL(a.plain)
	case "sentinel":
		t.sentinel, err = goredis.ParseFailoverURL(a.plain)
	default:
		t.server, err = goredis.ParseURL(a.plain)
	}
	if err != nil {
		return target{}, "it names no database by its number"
	}
	return t, ""
}

// badPlace looks at what stands before the options.
func (a address) badPlace() string {
	switch {
	case a.kind == "":
		return "" // go-redis takes localhost where there is no host
	case a.url.Fragment != "":
		return "it holds a # that is not percent-encoded"
	case a.url.Hostname() == "":
		return "it names no host"
	case strings.ContainsAny(a.url.Hostname(), ",/ ") || (strings.Contains(a.url.Hostname(), ":") && a.url.Host[0] != '['):
		return "it names several hosts: write addr=host:port for each but the first"
	case a.kind == "cluster" && strings.Trim(a.url.Path, "/") != "":
		return "a cluster has no numbered databases: leave out what follows the port"
	case a.kind == "sentinel" && a.query.Get("master_name") == "":
		return "master_name is missing, the name under which the sentinels know the primary"
	}
	return ""
}

// badAddress looks at the further hosts.
func (a address) badAddress() string {
	if a.kind == "" {
		return ""
	}
	for _, addr := range a.query["addr"] {
		host, port, err := net.SplitHostPort(addr)
		if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || host == "" {
			return "an addr is not host:port, or names several: write addr= once for each"
		}
	}
	return ""
}

// badOption lets the parser read each option by itself.
func (a address) badOption() string {
	for key := range a.query {
		if key == "addr" && a.kind != "" {
			continue
		}
		switch {
		case a.reads(key, a.query[key][len(a.query[key])-1]):
		case a.reads(key, ""):
			return "option " + key + " cannot have this value"
		case a.secret && !secret(key):
			return "it has an option that is not known (and not shown: it may be a part of the password)"
		default:
			return fmt.Sprintf("option %q is not known", key)
		}
	}
	return ""
}

// reads tells whether the parser accepts an option with a value.
func (a address) reads(key, value string) bool {
	text := a.url.Scheme + "://host/?" + url.Values{key: {value}}.Encode()
	var err error
	switch a.kind {
	case "cluster":
		_, err = goredis.ParseClusterURL(text)
	case "sentinel":
		_, err = goredis.ParseFailoverURL(text)
	default:
		_, err = goredis.ParseURL(text)
	}
	return err == nil
}

// badNumber refuses the counts and sizes that go-redis panics at, or that make it do nothing at all without an error.
func (a address) badNumber() string {
	const most = 1_000_000
	for key, values := range a.query {
		least := -1 // a default or a bound switched off
		switch {
		case key == "pool_size":
			least = 0
		case strings.HasSuffix(key, "_size"), strings.HasSuffix(key, "_conns"), strings.HasSuffix(key, "_dials"),
			strings.HasSuffix(key, "_redirects"), strings.HasSuffix(key, "_retries"):
		default:
			continue
		}
		if n, err := strconv.Atoi(values[len(values)-1]); err == nil && (n < least || n > most) {
			return fmt.Sprintf("option %s is %d: accepted is %d to %d", key, n, least, most)
		}
	}
	return ""
}

// badReplica refuses options that read from replicas: they lag, and what lags is wrong here.
func (a address) badReplica() string {
	for _, key := range []string{"read_only", "replica_only", "route_by_latency", "route_randomly"} {
		if value := a.query.Get(key); value == "true" || value == "1" {
			return "option " + key + " reads from replicas, which may be behind: leave it out"
		}
	}
	return ""
}

// secret tells whether the option of this name holds a password.
func secret(key string) bool { return strings.Contains(strings.ToLower(key), "password") }

// redact shows as much of a URL as cannot be a secret: of its options none where one of them is a password, since what
// follows an odd character of a password looks like an option.
func redact(text string) string {
	u, err := url.Parse(text)
	if err != nil || doubtful(text) || u.Host == "" {
		return "(not shown, it may hold a password)"
	}
	u.User = nil
	query, err := url.ParseQuery(u.RawQuery)
	hide := err != nil
	for key := range query {
		hide = hide || secret(key)
	}
	if hide {
		u.RawQuery, u.Fragment, u.RawFragment = "...", "", ""
	}
	return fmt.Sprintf("%q", u.String())
}

// doubtful tells whether there is an @ where no user ends, so that a password may be anywhere.
func doubtful(text string) bool {
	u, err := url.Parse(text)
	return err != nil || strings.Count(text, "@") > 1 || (u.User == nil && strings.Contains(text, "@"))
}
