package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// longestLine bounds a line. A bar takes a hundred bytes.
const longestLine = 64 << 10

// lines gives a text line by line. A line belongs to its reader until the next one is read.
type lines struct {
	in     *bufio.Reader
	number int64    // of the line that was read last, from 1
	ahead  [][]byte // that were peeked at, copied
}

func newLines(r *bufio.Reader) *lines { return &lines{in: r} }

// next is the next line that is not empty, without its end; io.EOF after the last one.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.one()
		if err != nil {
			return nil, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(bytes.TrimSpace(line)) > 0 {
			return line, nil
		}
	}
}

func (l *lines) one() ([]byte, error) {
	if len(l.ahead) > 0 {
		line := l.ahead[0]
		l.ahead = l.ahead[1:]
		l.number++
		return line, nil
	}
	line, err := l.read(l.number + 1)
	if err == nil {
		l.number++
	}
	return line, err
}

func (l *lines) read(number int64) ([]byte, error) {
	line, err := l.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("line %d is longer than %d bytes: a row of a CSV file with a bar is not", number, longestLine)
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("line %d: %w", number, err)
	case bytes.IndexByte(line, 0) >= 0:
		return nil, fmt.Errorf("line %d holds a byte that no text has: accepted are CSV files in UTF-8, also in gzip", number)
	case len(line) > 0:
		return line, nil
	}
	return line, err
}

// peek is up to n lines that come next, without reading them.
func (l *lines) peek(n int) ([][]byte, error) {
	for len(l.ahead) < n {
		line, err := l.read(l.number + int64(len(l.ahead)) + 1)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		l.ahead = append(l.ahead, bytes.Clone(line))
	}
	return l.ahead[:min(n, len(l.ahead))], nil
}

// split cuts a line at a separator, which counts for nothing inside of quotes. Quotes go. The fields are parts of the line.
func split(line []byte, separator byte, fields [][]byte) [][]byte {
	fields = fields[:0]
	for {
		if len(line) > 0 && line[0] == '"' {
			if end := bytes.IndexByte(line[1:], '"'); end >= 0 {
				rest := line[end+2:]
				if len(rest) == 0 || rest[0] == separator {
					fields = append(fields, bytes.TrimSpace(line[1:end+1]))
					if len(rest) == 0 {
						return fields
					}
					line = rest[1:]
					continue
				}
			}
		}
		end := bytes.IndexByte(line, separator)
		if end < 0 {
			return append(fields, trim(line))
		}
		fields = append(fields, trim(line[:end]))
		line = line[end+1:]
	}
}

// trim takes spaces away at both ends.
func trim(field []byte) []byte {
	if n := len(field); n == 0 || field[0] > ' ' && field[n-1] > ' ' {
		return field
	}
	return bytes.TrimSpace(field)
}

// separatorOf finds what stands between the columns of a line.
func separatorOf(line []byte) (byte, error) {
	const all = ",;\t|"
	found, most, tied := byte(0), 0, false
	for i := range len(all) {
		n := bytes.Count(line, []byte{all[i]})
		switch {
		case n > most:
			found, most, tied = all[i], n, false
		case n == most && n > 0:
			tied = true
		}
	}
	if most == 0 || tied {
		return 0, fmt.Errorf("%q: what stands between the columns? --separator says it: one of , ; | or tab", excerpt(line))
	}
	return found, nil
}

// excerpt is the beginning of a line, for people.
func excerpt(line []byte) string {
	const most = 80
	line = bytes.TrimRight(line, "\r\n")
	if len(line) > most {
		return string(line[:most]) + "..."
	}
	return string(line)
}
