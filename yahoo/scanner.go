package yahoo

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// deepest is how far values may nest; encoding/json has the same bound, and both must agree on what is valid.
const deepest = 10000

// scanner walks one JSON text (RFC 8259) and accepts exactly what encoding/json accepts: every byte is validated, also
// in members nobody asked for. It is written by hand since a chart is 100,000 numbers in a handful of arrays, and
// encoding/json spends most of its time on reflection there; a fuzz test holds the two together.
type scanner struct {
	data  []byte
	pos   int
	depth int
	tens  [23]float64 // powersOfTen, at hand
}

func newScanner(data []byte) *scanner { return &scanner{data: data, tens: powersOfTen()} }

// peek is the next byte after white space, and 0 at the end of the text, which begins no value.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\n', '\t', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// fail says where the text stopped making sense and what should have stood there.
func (s *scanner) fail(want string) error {
	if s.pos >= len(s.data) {
		return fmt.Errorf("byte %d: the body ends where %s should be", s.pos, want)
	}
	return fmt.Errorf("byte %d: found %q where %s should be", s.pos, s.data[s.pos], want)
}

// expect consumes one byte of structure.
func (s *scanner) expect(c byte, name string) error {
	if s.peek() != c {
		return s.fail(name)
	}
	s.pos++
	return nil
}

// end makes sure that nothing but white space is left.
func (s *scanner) end() error {
	if s.peek(); s.pos < len(s.data) {
		return s.fail("the end of the body")
	}
	return nil
}

// enter opens an object or array.
func (s *scanner) enter(open byte, name string) error {
	if err := s.expect(open, name); err != nil {
		return err
	}
	if s.depth++; s.depth > deepest {
		return fmt.Errorf("byte %d: values nest deeper than %d", s.pos, deepest)
	}
	return nil
}

// next steps over what separates two elements; false when the closing byte was there instead.
func (s *scanner) next(first bool, closing byte) (bool, error) {
	c := s.peek()
	switch {
	case c == closing:
		s.pos++
		s.depth--
		return false, nil
	case first:
		return true, nil
	case c != ',':
		return false, s.fail("a comma or the end of the list")
	}
	s.pos++
	if s.peek() == closing {
		return false, s.fail("a value")
	}
	return true, nil
}

// object calls member at the value of every member, in the order of the text; member must consume the value.
func (s *scanner) object(member func(key []byte) error) error {
	if err := s.enter('{', "an object"); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := s.next(first, '}')
		if err != nil || !more {
			return err
		}
		key, err := s.text()
		if err != nil {
			return err
		}
		if err := s.expect(':', "a colon"); err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
	}
}

// array calls element at every element; element must consume it.
func (s *scanner) array(element func(i int) error) error {
	if err := s.enter('[', "an array"); err != nil {
		return err
	}
	for i := 0; ; i++ {
		more, err := s.next(i == 0, ']')
		if err != nil || !more {
			return err
		}
		if err := element(i); err != nil {
			return err
		}
	}
}

// literal consumes true, false or null.
func (s *scanner) literal(word string) error {
	if len(s.data)-s.pos < len(word) || string(s.data[s.pos:s.pos+len(word)]) != word {
		return s.fail(word)
	}
	s.pos += len(word)
	return nil
}

// null consumes a null; false when another value follows. A misspelt null is left for the caller to fail on.
func (s *scanner) null() bool {
	return s.peek() == 'n' && s.literal("null") == nil
}

// text consumes a string and returns what it says, with invalid UTF-8 replaced as encoding/json does. The result may
// share the body's memory.
func (s *scanner) text() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.fail("a string")
	}
	start := s.pos
	plain, err := s.quoted()
	if err != nil {
		return nil, err
	}
	raw := s.data[start:s.pos]
	if plain && utf8.Valid(raw) {
		return raw[1 : len(raw)-1], nil
	}
	var said string // escapes and broken UTF-8 are rare: the library knows them best
	if err := json.Unmarshal(raw, &said); err != nil {
		return nil, fmt.Errorf("byte %d: %w", start, err)
	}
	return []byte(said), nil
}

// quoted consumes a string and tells whether it is free of escapes.
func (s *scanner) quoted() (plain bool, err error) {
	plain = true
	for s.pos++; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return plain, nil
		case c == '\\':
			plain = false
			if err := s.escape(); err != nil {
				return false, err
			}
		case c < 0x20:
			return false, s.fail("a character of a string")
		}
	}
	return false, s.fail("the end of a string")
}

// escape consumes a backslash and what it escapes, all but the last byte.
func (s *scanner) escape() error {
	s.pos++
	if s.pos >= len(s.data) || strings.IndexByte(`"\/bfnrtu`, s.data[s.pos]) < 0 {
		return s.fail("an escaped character")
	}
	if s.data[s.pos] != 'u' {
		return nil
	}
	for range 4 {
		s.pos++
		if s.pos >= len(s.data) || !isHex(s.data[s.pos]) {
			return s.fail("a hexadecimal digit")
		}
	}
	return nil
}

func isHex(c byte) bool {
	return isDigit(c) || (c|0x20 >= 'a' && c|0x20 <= 'f')
}

// skip consumes one value of any kind, validating it.
func (s *scanner) skip() error {
	switch c := s.peek(); {
	case c == '{':
		return s.object(func([]byte) error { return s.skip() })
	case c == '[':
		return s.array(func(int) error { return s.skip() })
	case c == '"':
		_, err := s.quoted()
		return err
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	default:
		_, err := s.number()
		return err
	}
}
