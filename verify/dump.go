package verify

import (
	"fmt"
	"net/url"
	"strings"
)

// DumpCommand is the command that backs up the PostgreSQL archive at target, without the password and without what only Barkeep's driver knows.
func DumpCommand(target, file string) string {
	u, err := url.Parse(target)
	if err != nil {
		return "pg_dump"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	query := u.Query()
	for key := range query {
		if strings.HasPrefix(key, "pool_") || strings.HasSuffix(key, "password") || strings.HasPrefix(key, "default_query_") ||
			strings.HasSuffix(key, "_cache_capacity") {
			query.Del(key)
		}
	}
	u.RawQuery = query.Encode()
	quote := func(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
	return fmt.Sprintf("pg_dump --format=custom --file=%s --dbname=%s (it takes the password from PGPASSWORD or ~/.pgpass)",
		quote(file), quote(u.String()))
}
