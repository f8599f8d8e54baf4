package intake

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// Format is a form of files that a beginning tells.
type Format struct {
	Magic []byte // that such files begin with
	// Open reads one, which may come from a pipe: what has to be read from its end needs a copy.
	Open func(in io.Reader, layout Layout, subject Subject) (Source, error)
}

// NewSource begins to read a file of bars: CSV, perhaps in gzip, or one of the other formats. Errors say what is accepted.
func NewSource(in io.Reader, layout Layout, subject Subject, others ...Format) (Source, error) {
	buffered := bufio.NewReaderSize(in, longestLine)
	head, err := buffered.Peek(8)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for _, f := range others {
		if bytes.HasPrefix(head, f.Magic) {
			return f.Open(buffered, layout, subject)
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("it begins as gzip, and cannot be unpacked: %w", unended(err))
		}
		return newCSV(bufio.NewReaderSize(unpacked, longestLine), layout, subject)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return nil, errors.New("it is a ZIP file, or one of Excel: accepted are CSV files, also in gzip, and what " +
			"barkeep export writes")
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return nil, errors.New("it is in UTF-16: accepted is UTF-8")
	}
	return newCSV(buffered, layout, subject)
}
