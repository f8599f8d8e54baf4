package servers

import "strings"

// tail keeps the end of what a command wrote.
type tail struct{ text []byte }

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	const most = 4000
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(p), nil
}

// String returns what was kept, without the line feed at its end.
func (t *tail) String() string { return strings.TrimSpace(string(t.text)) }
