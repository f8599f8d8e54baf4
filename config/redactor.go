package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// hidden stands in a text where a secret was.
const hidden = "xxxxx"

// shortest is the fewest characters that a secret has which is looked for inside of words. A shorter one is hidden only where
// it stands alone: hidden everywhere, it would show by what is missing.
const shortest = 4

// Redactor hides the secrets of one configuration in texts that people read: what drivers and servers say may quote them. A nil
// Redactor hides only what has the form of a secret: the password of a URL, and what follows password=. It may be used by
// several goroutines at once.
type Redactor struct {
	forms *strings.Replacer // secrets in all their forms
	alone *regexp.Regexp    // secrets that are too short; nil for none
}

// NewRedactor makes a Redactor for the secrets of a configuration, which need not be valid. A password that is also the name of
// the user, the host or the database in its URL is no secret to it: nobody could tell which of them stands in a text.
func NewRedactor(c Config) *Redactor {
	var long, short []string
	for _, secret := range secretsOf(c) {
		for _, form := range formsOf(secret) {
			if len(form) < shortest {
				short = append(short, regexp.QuoteMeta(form))
			} else {
				long = append(long, form)
			}
		}
	}
	// The longest come first: of two forms that begin alike, the whole is to be hidden.
	slices.SortFunc(long, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(long))
	for _, form := range long {
		pairs = append(pairs, form, hidden)
	}
	r := &Redactor{forms: strings.NewReplacer(pairs...)}
	if len(short) > 0 {
		r.alone = regexp.MustCompile(`(^|[^\pL\pN])(?:` + strings.Join(short, "|") + `)($|[^\pL\pN])`)
	}
	return r
}

// Text hides the secrets in a text.
func (r *Redactor) Text(text string) string {
	if r != nil {
		text = r.forms.Replace(text)
		if r.alone != nil {
			text = r.alone.ReplaceAllString(text, "${1}"+hidden+"${2}")
		}
	}
	return hideForms(text)
}

// Error hides the secrets in what an error says. What it wraps stays.
func (r *Redactor) Error(err error) error {
	if err == nil {
		return nil
	}
	text := r.Text(err.Error())
	if text == err.Error() {
		return err
	}
	return redacted{text, err}
}

// redacted is an error with another text.
type redacted struct {
	text string
	err  error
}

func (e redacted) Error() string { return e.text }

// Unwrap gives the error whose text is hidden.
func (e redacted) Unwrap() error { return e.err }

// hideForms hides what has the form of a secret, whoever's it is: of a URL what is between the user and the host, and in
// key=value texts the value of a password. The word password itself stays: it is in the texts that say what is accepted.
func hideForms(text string) string {
	if strings.Contains(text, "@") && strings.Contains(text, "://") {
		text = hideValue(text, `(://[^\s/@:"'<>]*:)([^\s"'<>]*)(@)`)
	}
	if lower := strings.ToLower(text); strings.Contains(lower, "password=") || strings.Contains(lower, "passwd=") {
		text = hideValue(text, `(?i)(passw(?:or)?d=)('(?:[^'\\]|\\.)*'?|[^\s&;,"']+)()`)
	}
	return text
}

// hideValue hides the second of the three groups of a pattern wherever it matches.
func hideValue(text, pattern string) string {
	finder := regexp.MustCompile(pattern)
	return finder.ReplaceAllStringFunc(text, func(match string) string {
		groups := finder.FindStringSubmatch(match)
		if strings.EqualFold(groups[2], "password") {
			return match
		}
		return groups[1] + hidden + groups[3]
	})
}

// CheckDatabaseURL is what is wrong with the URL of an archive that comes from elsewhere than DATABASE_URL; nil for a good one.
func CheckDatabaseURL(text string) error {
	if strayAt(text) || !validDatabase(text) {
		return fmt.Errorf("%s is not accepted: give %s", Redact(text), acceptedDatabase)
	}
	return nil
}
