package config

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// secret is one that is to be hidden, as it was written.
type secret struct {
	text  string
	whole bool // its parts are no secrets: it is more than a password
}

// secretsOf collects what is secret in a configuration.
func secretsOf(c Config) []secret {
	var found []secret
	var names []string
	for _, text := range []string{c.DatabaseURL, c.RedisURL} {
		secrets, known := secretsOfServer(text)
		found, names = append(found, secrets...), append(names, known...)
	}
	for _, text := range append(slices.Clone(c.NotifyURLs), c.HeartbeatURL, c.YahooBaseURL) {
		found = append(found, secretsOfAddress(text)...)
	}
	found = append(found, each(c.APIToken, c.APIReadToken, c.HealFromToken)...)
	return slices.DeleteFunc(found, func(s secret) bool { return slices.Contains(names, s.text) })
}

func each(texts ...string) (all []secret) {
	for _, text := range texts {
		all = append(all, secret{text: text})
	}
	return all
}

// secretsOfServer are the secrets in the URL of a server, and the names in it that messages show: those of the user, the host
// and the database. Where the URL cannot be read, all that may be a password is one.
func secretsOfServer(text string) (secrets []secret, names []string) {
	u, err := url.Parse(text)
	switch {
	case text == "" || strings.HasPrefix(text, "sqlite:") && !strings.Contains(text, "@"):
		return nil, nil
	case err != nil || strayAt(text) || u.Scheme == "" || u.Opaque != "":
		return doubtful(text), nil
	}
	password, set := u.User.Password()
	secrets = each(append(secretOptions(u), password)...)
	if user := u.User.Username(); set || strings.HasPrefix(u.Scheme, "postgres") {
		names = append(names, user)
	} else {
		secrets = append(secrets, secret{text: user}) // a password that was written without the colon before it
	}
	if names = append(names, u.Hostname()); strings.HasPrefix(u.Scheme, "postgres") {
		names = append(names, strings.Trim(u.Path, "/"))
	}
	return secrets, names
}

// basicAuth is what a client sends for a user and a password, and a server may say back (RFC 7617).
func basicAuth(user, password string) string {
	return strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(user+":"+password)), "=")
}

// secretOptions are the values of the options that hold a password, and, where there is one, whatever else may be a part of it.
func secretOptions(u *url.URL) []string {
	var secrets, loose []string
	holds := false
	for option := range strings.SplitSeq(u.RawQuery, "&") {
		key, value, set := strings.Cut(option, "=")
		plain, err := url.QueryUnescape(key)
		switch {
		case err != nil || strings.Contains(strings.ToLower(plain), "password"):
			secrets, holds = append(secrets, value), true
		case !set:
			loose = append(loose, key)
		}
	}
	if holds {
		secrets = append(append(secrets, loose...), u.Fragment)
	}
	return secrets
}

// secretsOfAddress are the secrets of an address of a service, a monitor or a proxy. Services have their tokens in every place:
// as the user, in the path, among the options.
func secretsOfAddress(text string) []secret {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Opaque != "" || strayUser(text) {
		return doubtful(text)
	}
	password, set := u.User.Password()
	secrets := each(password, u.User.Username())
	if set {
		secrets = append(secrets, secret{basicAuth(u.User.Username(), password), true})
	}
	var tokens []string
	for segment := range strings.SplitSeq(u.EscapedPath(), "/") {
		tokens = append(tokens, segment)
	}
	for option := range strings.SplitSeq(u.RawQuery, "&") {
		_, value, _ := strings.Cut(option, "=")
		tokens = append(tokens, value)
	}
	for _, token := range append(tokens, u.Fragment) {
		if tokenLike(token) {
			secrets = append(secrets, secret{text: token})
		}
	}
	return secrets
}

// tokenLike tells a token from the words that paths and options have: a token is longer, or more than small letters.
func tokenLike(text string) bool {
	odd := func(r rune) bool { return r < 'a' || r > 'z' }
	return len(text) >= 8 || len(text) >= shortest && strings.ContainsFunc(text, odd)
}

// doubtful is what may be a secret in a text that should be a URL and cannot be read: all of it, and what stands before the
// host, or where there is no host.
func doubtful(text string) []secret {
	if text == "" {
		return nil
	}
	all := append(each(values(text)...), secret{text, true})
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		scheme, rest, found = strings.Cut(text, ":")
	}
	end := strings.LastIndex(rest, "@")
	switch {
	case len(all) > 1: // in the form of libpq
	case !found:
		all = append(all, secret{text: text})
	case end < 0 && strings.Trim(rest, "0123456789/") == "": // host:port
	case end < 0:
		all = append(all, secret{text: rest}, secret{text: scheme})
	default:
		all = append(all, secret{rest, true})
		credentials := rest[:end]
		if _, password, ok := strings.Cut(credentials, ":"); ok {
			credentials = password
		}
		all = append(all, secret{text: credentials})
	}
	return all
}

// values are the passwords of a text in the form of libpq: host=localhost password='a b'.
func values(text string) []string {
	var found []string
	for rest := text; ; {
		_, after, ok := strings.Cut(rest, "password=")
		if !ok {
			return found
		}
		value, _, _ := strings.Cut(after, " ")
		if quoted, isQuoted := strings.CutPrefix(after, "'"); isQuoted {
			value, _, _ = strings.Cut(quoted, "'")
		}
		found, rest = append(found, value), after
	}
}

// formsOf are the ways in which a secret can stand in a text: as it was written, decoded, percent-encoded in either way, quoted,
// and in pieces, where something took it apart at a character that URLs give a meaning.
func formsOf(s secret) []string {
	plain := []string{s.text}
	for _, decode := range []func(string) (string, error){url.PathUnescape, url.QueryUnescape} {
		if text, err := decode(s.text); err == nil {
			plain = append(plain, text)
		}
	}
	if !s.whole {
		for _, text := range slices.Clone(plain) {
			plain = append(plain, pieces(text)...)
		}
	}
	var all []string
	for _, text := range plain {
		encoded := []string{
			url.PathEscape(text), url.QueryEscape(text), url.UserPassword("", text).String()[1:], (&url.URL{Path: text}).EscapedPath(),
		}
		for _, form := range append(encoded, text) {
			all = append(all, form, lowerEscapes(form), inner(strconv.Quote(form)), inner(strconv.QuoteToASCII(form)))
			if marshalled, err := json.Marshal(form); err == nil {
				all = append(all, inner(string(marshalled)))
			}
		}
	}
	all = slices.DeleteFunc(all, func(form string) bool { return strings.TrimSpace(form) == "" })
	slices.Sort(all)
	return slices.Compact(all)
}

// inner is a quoted text without its quotes.
func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

// pieces are the longer parts of a secret between characters that are no letters or digits.
func pieces(text string) []string {
	const worthHiding = 6
	parts := strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-'
	})
	if len(parts) < 2 {
		return nil
	}
	return slices.DeleteFunc(parts, func(part string) bool { return len(part) < worthHiding })
}

// lowerEscapes writes percent-encoding with small letters.
func lowerEscapes(text string) string {
	b := []byte(text)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			b[i+1], b[i+2] = lower(b[i+1]), lower(b[i+2])
		}
	}
	return string(b)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'F' {
		return c + 'a' - 'A'
	}
	return c
}
