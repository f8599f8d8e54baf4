package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// fileSuffix makes the name of the variable that says in which file a secret is: API_TOKEN_FILE for API_TOKEN.
const fileSuffix = "_FILE"

// secretBound is the most bytes that a secret's file may have.
const secretBound = 64 << 10

// Variables are the names of all variables that Load reads, sorted, without the _FILE variants of the secrets.
func Variables() []string {
	var names []string
	for field := range reflect.TypeFor[Config]().Fields() {
		if name := field.Tag.Get("env"); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Secrets are the names of the variables that may hold a secret, sorted. Each can be given as NAME_FILE, the path of a file
// that holds the value; the file wins over the variable.
func Secrets() []string {
	var names []string
	for field := range reflect.TypeFor[Config]().Fields() {
		if field.Tag.Get("secret") != "" {
			names = append(names, field.Tag.Get("env"))
		}
	}
	slices.Sort(names)
	return names
}

// readSecrets puts the content of the files that the _FILE variables name into values. It returns what is wrong with them,
// and which values of plain variables lost to a file's.
func readSecrets(values, origins map[string]string) (found []Problem, replaced []Override) {
	for _, name := range Secrets() {
		path := values[name+fileSuffix]
		if path == "" {
			continue
		}
		secret, err := readSecret(path, name == "NOTIFY_URLS")
		if err != nil {
			found = append(found, Problem{
				Key: name + fileSuffix, Value: shownPath(path), Accepted: "the path of a file that holds the secret: " + err.Error(),
			})
			continue
		}
		if lost := values[name]; lost != "" && lost != secret {
			replaced = append(replaced, Override{Key: name, Winner: "the file " + path, Loser: origins[name]})
		}
		values[name] = secret
	}
	return found, replaced
}

// shownPath is the path, unless it looks like the secret itself, put into the wrong variable.
func shownPath(path string) string {
	if !strings.ContainsRune(path, filepath.Separator) || strings.Contains(path, "://") {
		return "(not shown: it may be the secret itself)"
	}
	return path
}

// readSecret is the content of a file without the white space around it. A list may have an item a line. The error says
// what is wrong with the file, in words that need no path.
func readSecret(path string, list bool) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("this one cannot be read (%w)", bare(err))
	}
	defer f.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(f, secretBound+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("this one cannot be read (%w)", bare(err))
	case len(content) > secretBound:
		return "", fmt.Errorf("this one has more than %d bytes", secretBound)
	}
	lines := strings.FieldsFunc(string(content), func(r rune) bool { return r == '\n' || r == '\r' })
	var kept []string
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	switch {
	case len(kept) == 0:
		return "", errors.New("this one is empty")
	case len(kept) > 1 && !list:
		return "", fmt.Errorf("this one has %d lines where one is expected", len(kept))
	}
	return strings.Join(kept, ","), nil
}

// bare is the cause of a failed open or read, without the path, which the problem names already.
func bare(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err
	}
	return err
}
