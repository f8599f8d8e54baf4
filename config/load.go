package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"
)

// Load reads the configuration from environ (in the form of os.Environ) and the .env file at path; a path that does not
// exist is no error. A variable that is set to nothing counts as unset. The error is Problems when values are wrong.
func Load(environ []string, path string) (Config, error) {
	c, problems, err := Read(environ, path)
	if err != nil {
		return Config{}, err
	}
	if len(problems) > 0 {
		return Config{}, problems
	}
	return c, nil
}

// Read is Load for whoever reports on a configuration rather than uses it: where values are wrong it returns what the others
// say, beside the problems. Fields that a problem names hold anything.
func Read(environ []string, path string) (Config, Problems, error) {
	values, err := readFile(path)
	if err != nil {
		return Config{}, nil, err
	}
	origins, overrides := merge(values, environ)
	problems, replaced := readSecrets(values, origins)
	var c Config
	problems = append(problems, parseProblems(env.ParseWithOptions(&c, env.Options{Environment: values}), values)...)
	c.trimLists()
	c.LogLevelGiven = values["LOG_LEVEL"] != ""
	broken := make(map[string]bool, len(problems))
	for _, p := range problems {
		broken[p.Key] = true
	}
	for _, p := range c.check() {
		if !broken[p.Key] {
			problems = append(problems, p)
		}
	}
	slices.SortFunc(problems, func(a, b Problem) int { return strings.Compare(a.Key, b.Key) })
	c.Overrides = known(append(overrides, replaced...))
	return c, problems, nil
}

// merge lets what environ sets win over the values of .env, drops what is set to nothing, and tells where each value comes
// from and which values of .env lost to another one.
func merge(values map[string]string, environ []string) (origins map[string]string, overrides []Override) {
	origins = make(map[string]string, len(values))
	for key, value := range values {
		if strings.TrimSpace(value) == "" {
			delete(values, key)
			continue
		}
		origins[key] = fromFile
	}
	for _, pair := range environ {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || strings.TrimSpace(value) == "" {
			continue
		}
		if lost, set := values[key]; set && lost != value {
			overrides = append(overrides, Override{Key: key, Winner: fromEnvironment, Loser: origins[key]})
		}
		values[key], origins[key] = value, fromEnvironment
	}
	return origins, overrides
}

// known leaves out what is no variable of ours, such as PATH, and sorts by name.
func known(overrides []Override) []Override {
	names := Variables()
	overrides = slices.DeleteFunc(overrides, func(o Override) bool {
		return !slices.Contains(names, strings.TrimSuffix(o.Key, fileSuffix))
	})
	slices.SortStableFunc(overrides, func(a, b Override) int { return strings.Compare(a.Key, b.Key) })
	return overrides
}

// The places of values.
const (
	fromFile        = ".env"
	fromEnvironment = "the environment"
)

func readFile(path string) (map[string]string, error) {
	values, err := godotenv.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if err != nil {
		return nil, malformed(path)
	}
	return values, nil
}

// malformed says where a .env file cannot be read. The parser's own error quotes the file from there on, secrets and all.
func malformed(path string) error {
	const expected = "of the form NAME=value, where a value that begins with a quote ends with one; the line is not shown, since " +
		"it may hold a secret"
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	lines := strings.SplitAfter(string(content), "\n")
	// A value may span lines, so the fault begins after the longest head that can be read.
	for n := len(lines) - 1; n >= 0; n-- {
		if _, err := godotenv.Unmarshal(strings.Join(lines[:n], "")); err == nil {
			return fmt.Errorf("read %s: line %d is not %s", path, n+1, expected)
		}
	}
	return fmt.Errorf("read %s: its lines are not %s", path, expected)
}

// parseProblems turns the library's errors, which speak of Go fields, into ours, which speak of variables.
func parseProblems(err error, values map[string]string) []Problem {
	if err == nil {
		return nil
	}
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []Problem{{Key: "configuration", Accepted: err.Error()}}
	}
	var found []Problem
	for _, one := range all.Errors {
		var parse env.ParseError
		if !errors.As(one, &parse) {
			found = append(found, Problem{Key: "configuration", Accepted: one.Error()})
			continue
		}
		key := variable(parse.Name)
		found = append(found, Problem{Key: key, Value: values[key], Accepted: accepted(parse.Type)})
	}
	return found
}

// variable is the name of the variable that sets a field.
func variable(field string) string {
	f, ok := reflect.TypeFor[Config]().FieldByName(field)
	if !ok {
		return field
	}
	return f.Tag.Get("env")
}

// accepted says in words what a type takes.
func accepted(t reflect.Type) string {
	switch t.String() {
	case "bool":
		return "true or false"
	case "int":
		return "a whole number"
	case "float64":
		return "a number"
	case "time.Duration":
		return "a duration such as 90m or 6h"
	case "time.Time":
		return "a time like 2026-11-22T14:05:00-08:00 (RFC 3339)"
	default:
		return "a value of type " + t.String()
	}
}
