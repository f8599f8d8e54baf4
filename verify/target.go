package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// reference names what an archive is compared with: another archive by its URL, saved digests by their path, or nothing.
type reference struct {
	url  string
	path string
}

// target is an open reference: an archive, or saved digests, or nothing.
type target struct {
	archive *Archive
	saved   *savedReport
}

func (t *target) close() error {
	if t.archive == nil {
		return nil
	}
	return t.archive.close()
}

// check refuses a target that this program cannot read, and one that is the archive itself.
func (t *target) check(archive *Archive) error {
	if t.archive == nil {
		return nil
	}
	if err := t.archive.readable(); err != nil {
		return err
	}
	if archive.same(t.archive) {
		return fmt.Errorf("%s is this archive itself, and comparing it with itself proves nothing", t.archive.Name)
	}
	return nil
}

const acceptedTargets = "expected postgres://user@host/name, sqlite:PATH, the path of a SQLite archive, @FILE that holds such " +
	"a URL, or a file that barkeep verify --json wrote"

// parseTarget tells a URL from a file. It repeats nothing that may hold a password.
func parseTarget(text string) (reference, error) {
	if text == "" {
		return reference{}, nil
	}
	if path, ok := strings.CutPrefix(text, "@"); ok {
		return readURL(path)
	}
	if isURL(text) {
		return reference{url: text}, nil
	}
	if scheme, _, ok := strings.Cut(text, "://"); ok {
		return reference{}, fmt.Errorf("the value begins with %q; %s", scheme+"://", acceptedTargets)
	}
	if isSQLite(text) {
		return reference{url: "sqlite:" + text}, nil
	}
	return reference{path: text}, nil
}

// Address is the URL of the archive that a text names in one of the forms of Options.Against. Digests in a file are refused: they
// are no archive. The error is ErrInput.
func Address(text string) (url string, err error) {
	r, err := parseTarget(text)
	if err == nil && r.url == "" {
		err = errors.New("it is no archive; expected postgres://user@host/name, sqlite:PATH, the path of a SQLite archive, or @FILE " +
			"that holds such a URL")
	}
	if err != nil {
		return "", refusal{err}
	}
	return r.url, nil
}

// readURL reads the URL of an archive from a file, where no list of processes shows its password.
func readURL(path string) (reference, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return reference{}, fmt.Errorf("the file that holds the URL: %w", err)
	}
	url := strings.TrimSpace(string(content))
	if !isURL(url) || strings.ContainsAny(url, "\r\n") {
		return reference{}, fmt.Errorf("%s does not hold the URL of an archive alone; expected postgres://user:password@host/name "+
			"or sqlite:PATH", path)
	}
	return reference{url: url}, nil
}

// isURL tells whether the text has the form of an archive's URL.
func isURL(text string) bool {
	for _, scheme := range []string{"postgres://", "postgresql://", "sqlite:"} {
		if rest, ok := strings.CutPrefix(text, scheme); ok {
			return strings.Trim(rest, "/") != ""
		}
	}
	return false
}

// isSQLite tells whether a file begins as every SQLite database does (https://www.sqlite.org/fileformat.html, section 1.3).
func isSQLite(path string) bool {
	const magic = "SQLite format 3\x00"
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	head := make([]byte, len(magic))
	_, err = io.ReadFull(f, head)
	return errors.Join(err, f.Close()) == nil && string(head) == magic
}

// open opens what the reference names.
func (r reference) open(ctx context.Context, openArchive func(context.Context, string) (*Archive, error)) (*target, error) {
	switch {
	case r.url != "":
		archive, err := open(ctx, func(ctx context.Context) (*Archive, error) { return openArchive(ctx, r.url) })
		return &target{archive: archive}, err
	case r.path != "":
		saved, err := readReport(r.path)
		return &target{saved: saved}, err
	}
	return &target{}, nil
}
