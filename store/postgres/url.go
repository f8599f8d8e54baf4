package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// parseURL reads the address of a database. Its errors say what is wrong, and never what the password is: where the URL
// is malformed nobody knows which part is the password, so nothing of it is repeated.
func parseURL(text string) (*pgxpool.Config, error) {
	const want = "expected postgres://user:password@host:port/database"
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil, errors.New("the URL is empty; " + want)
	case err != nil:
		return nil, errors.New("the URL is malformed; " + want +
			`, with a port between 1 and 65535 and any of "@:/?#[]%" in the password percent-encoded (# is %23)`)
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		return nil, errors.New("the URL does not start with postgres://; " + want)
	}
	settings, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, fmt.Errorf("the URL is refused: %s; %s", reason(err, u), want)
	}
	if settings.ConnConfig.RuntimeParams["application_name"] == "" {
		settings.ConnConfig.RuntimeParams["application_name"] = "barkeep"
	}
	return settings, nil
}

// reason is the cause of a refusal as text, without the URL that it starts with and with the passwords blotted out. The
// error itself is not passed on: it carries the URL.
func reason(err error, u *url.URL) string {
	text := err.Error()
	if end := strings.LastIndex(text, "`: "); end >= 0 {
		text = text[end+len("`: "):]
	}
	password, _ := u.User.Password()
	for _, secret := range append(u.Query()["password"], u.Query()["sslpassword"]...) {
		text = blot(text, secret)
	}
	return blot(text, password)
}

func blot(text, secret string) string {
	if secret == "" {
		return text
	}
	return strings.ReplaceAll(text, secret, "xxxxx")
}
