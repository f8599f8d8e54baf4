package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"barkeep/format"
	"barkeep/query"
	"barkeep/server"
	"barkeep/server/view"
)

func text(n int64) string { return strconv.FormatInt(n, 10) }

// longestStream is how long a client may take for all of a stream; each piece of it has to be taken within RequestTimeout.
const longestStream = 10 * time.Minute

// errNotModified tells that the client has the answer already.
var errNotModified = errors.New("not modified")

// stream sends all bars of a window as they are read.
func (a *API) stream(c *call, request query.Request, p *CandlesInput) error {
	done, err := a.server.Turn(c.r, a.streams, 1)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithTimeout(c.r.Context(), longestStream)
	defer cancel()
	to := &pieces{w: c.w, timeout: a.server.RequestTimeout}
	sink := &view.Stream{
		Renderer: a.server.Views(), Kind: p.kind, To: packing{to}, Request: request, Columns: p.columns, Unix: p.Time == "unix",
		Serves: a.Serves,
		Head: func(head query.Head) error {
			tag := `W/"` + head.Tag + "-" + p.variant() + `"`
			c.w.Header().Set("ETag", tag)
			c.w.Header().Set("Cache-Control", "private, no-cache")
			if server.Matches(c.r.Header.Values("If-None-Match"), tag) {
				return errNotModified
			}
			a.describe(c.w, p.kind, request, head.Source, head.Notes, head.Complete)
			c.w.Header().Set("Content-Type", p.kind.MediaType())
			if p.kind != format.Parquet { // which is packed already
				to.packed = a.server.Packed(c.w, c.r, to)
			}
			return nil
		},
	}
	server.SetDeadlines(c.w, a.server.RequestTimeout)
	notes, err := a.Reader.Stream(ctx, request, sink)
	if err == nil {
		err = sink.Close(notes)
	}
	if err == nil && to.packed != nil {
		err = to.packed.Close()
	}
	switch {
	case errors.Is(err, errNotModified):
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	case err != nil && to.began:
		a.server.Logger.WarnContext(c.r.Context(), "a stream was cut off", "series", request.Series.String(), "error", err)
		panic(http.ErrAbortHandler) // the client is not to take a part for the whole
	case err != nil:
		c.w.Header().Del("ETag")
		c.w.Header().Del("Content-Encoding")
		c.w.Header().Set("Cache-Control", "no-store")
		return a.refusedRead(err, c.input, request)
	}
	return nil
}

// variant tells answers with the same bars apart.
func (p *CandlesInput) variant() string {
	return strings.Join([]string{string(p.kind), p.Time, strings.Join(p.Columns, ".")}, "-")
}

// pieces is a client that takes them.
type pieces struct {
	w       http.ResponseWriter
	timeout time.Duration
	began   bool
	packed  io.WriteCloser // makes them smaller first; nil for not
}

// Write sends a piece, for which the client has its time.
func (p *pieces) Write(piece []byte) (int, error) {
	if len(piece) == 0 {
		return 0, nil
	}
	first := !p.began
	p.began = true
	server.SetDeadlines(p.w, p.timeout)
	n, err := p.w.Write(piece)
	if err == nil && first { // whoever asked has something soon
		if err = http.NewResponseController(p.w).Flush(); errors.Is(err, http.ErrNotSupported) {
			err = nil
		}
	}
	return n, err
}

// packing gives what is written to what makes it smaller, where there is such.
type packing struct{ *pieces }

// Write does so.
func (p packing) Write(text []byte) (int, error) {
	if p.packed != nil {
		return p.packed.Write(text)
	}
	return p.pieces.Write(text)
}
