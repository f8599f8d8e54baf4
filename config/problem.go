package config

import (
	"errors"
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with the configuration: the variable, its value and what is accepted instead.
type Problem struct {
	Key      string
	Value    string // never a secret
	Accepted string
}

// String is one line for a person.
func (p Problem) String() string { return fmt.Sprintf("%s is %q: give %s", p.Key, p.Value, p.Accepted) }

// Problems is the error of a configuration that cannot be used; it lists every problem.
type Problems []Problem

// Error lists the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, 0, len(p)+1)
	if len(p) > 1 {
		lines = append(lines, fmt.Sprintf("the configuration has %d problems:", len(p)))
	}
	for _, problem := range p {
		lines = append(lines, problem.String())
	}
	return strings.Join(lines, "\n  ")
}

// ErrUnusable marks errors that the user mends by changing a flag, a variable or a path.
var ErrUnusable = errors.New("unusable configuration")

// unusable is an error that is also ErrUnusable, and whose text does not say so.
type unusable struct{ error }

// Unwrap gives both.
func (u unusable) Unwrap() []error { return []error{u.error, ErrUnusable} }

// Unusable makes an error count as ErrUnusable; its text stays.
func Unusable(err error) error { return unusable{err} }
