package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The bounds of what is made smaller, and of what is made a tag of, in bytes.
const (
	leastPacked = 1 << 10  // a packet holds as much
	mostTagged  = 64 << 10 // of a text that is sent once; hashing it takes less than encoding it
)

// Text is the body of an answer that may be sent more than once: what is made of it for clients that ask for it is kept.
type Text struct {
	Kind string // media type
	text []byte
	tag  string // entity tag; empty for none
	vary bool   // it is long enough to be made smaller

	gzip, zstd packed
}

// packed is a text in one encoding.
type packed struct {
	once sync.Once
	text []byte // nil where it is no shorter
}

// NewText makes a body of a media type, with a tag by which clients ask whether it is another one now. The tag is weak: it stands
// for the body in every encoding.
func NewText(kind string, text []byte) *Text {
	sum := sha256.Sum256(text)
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return &Text{Kind: kind, text: text, vary: len(text) >= leastPacked, tag: tag}
}

// Once makes a body that is sent once; a long one has no tag.
func Once(kind string, text []byte) *Text {
	if len(text) <= mostTagged {
		return NewText(kind, text)
	}
	return &Text{Kind: kind, text: text, vary: true}
}

// Len is the length of a body in bytes, before it is made smaller.
func (t *Text) Len() int { return len(t.text) }

// Reply answers 200 with a body, or 304 where the client has it; as gzip or zstd where the client takes it and it is worth it.
func (s *Server) Reply(w http.ResponseWriter, r *http.Request, t *Text) {
	h := w.Header()
	if t.vary {
		h.Add("Vary", "Accept-Encoding")
	}
	if t.tag != "" {
		h.Set("ETag", t.tag)
		h.Set("Cache-Control", "private, no-cache") // it may be kept, and is asked for each time
		if Matches(r.Header.Values("If-None-Match"), t.tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	text := t.text
	if encoding := accepted(r.Header.Values("Accept-Encoding")); t.vary && encoding != "" {
		if smaller := s.pack(t, encoding); smaller != nil {
			h.Set("Content-Encoding", encoding)
			text = smaller
		}
	}
	Send(w, http.StatusOK, t.Kind, text)
}

// pack is a body in an encoding; nil where that is no shorter.
func (s *Server) pack(t *Text, encoding string) []byte {
	kept, pack := &t.gzip, s.packers.gzip
	if encoding == encodingZstd {
		kept, pack = &t.zstd, s.packers.zstd
	}
	kept.once.Do(func() {
		if text := pack(t.text); len(text) < len(t.text) {
			kept.text = text
		}
	})
	return kept.text
}

// The encodings, the better one first where a client takes both alike.
const (
	encodingZstd = "zstd"
	encodingGzip = "gzip"
)

// accepted is the encoding that a client prefers; empty for none.
func accepted(headers []string) string {
	best, most := "", 0.0
	for _, one := range []string{encodingZstd, encodingGzip} {
		for part := range strings.SplitSeq(strings.Join(headers, ","), ",") {
			name, rest, _ := strings.Cut(part, ";")
			if !strings.EqualFold(strings.TrimSpace(name), one) {
				continue
			}
			weight := 1.0
			if text, ok := strings.CutPrefix(strings.ReplaceAll(rest, " ", ""), "q="); ok {
				weight, _ = strconv.ParseFloat(text, 64)
			}
			if weight > most {
				best, most = one, weight
			}
		}
	}
	return best
}

// Packed makes what is written to it smaller on its way to a client that takes that, and says so in the header of its answer,
// which must not be sent yet; nil for a client that does not.
func (s *Server) Packed(w http.ResponseWriter, r *http.Request, to io.Writer) io.WriteCloser {
	w.Header().Add("Vary", "Accept-Encoding")
	switch encoding := accepted(r.Header.Values("Accept-Encoding")); encoding {
	case encodingGzip:
		w.Header().Set("Content-Encoding", encoding)
		packer, _ := gzip.NewWriterLevel(to, gzip.BestSpeed) // the level is one of its own
		return packer
	case encodingZstd:
		packer, err := zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(1<<20))
		if err != nil { // of options that make no sense
			return nil
		}
		w.Header().Set("Content-Encoding", encoding)
		return packer
	}
	return nil
}

// Matches tells whether one of the tags of a client is the weak one.
func Matches(headers []string, tag string) bool {
	bare := strings.TrimPrefix(tag, "W/")
	return slices.ContainsFunc(strings.Split(strings.Join(headers, ","), ","), func(one string) bool {
		one = strings.TrimSpace(one)
		return one == "*" || strings.TrimPrefix(one, "W/") == bare
	})
}

// packers make texts smaller; any number of goroutines may use them at once.
type packers struct {
	writers sync.Pool // of *gzip.Writer
	encoder *zstd.Encoder
}

func newPackers() (*packers, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2),
		zstd.WithWindowSize(1<<20))
	return &packers{encoder: encoder}, err
}

func (p *packers) zstd(text []byte) []byte {
	return p.encoder.EncodeAll(text, make([]byte, 0, len(text)/4))
}

func (p *packers) gzip(text []byte) []byte {
	var out bytes.Buffer
	w, _ := p.writers.Get().(*gzip.Writer)
	if w == nil {
		w, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is one of its own
	}
	defer p.writers.Put(w)
	w.Reset(&out)
	_, _ = w.Write(text) // a buffer takes all
	_ = w.Close()
	return out.Bytes()
}
