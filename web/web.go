// Package web is the page at /: HTML, CSS and JavaScript modules as they stand in the folder page, without a build step. It
// holds no data; what it shows it asks of /api/v1.
package web

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"

	"barkeep/server"
)

//go:embed page
var embedded embed.FS

// Policy is what a browser may do with the page: run and load what comes from here, and nothing else. No script and no style
// stands in the HTML itself.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Files are the files of the page by their paths, such as index.html and views/today.js.
func Files() fs.FS {
	files, err := fs.Sub(embedded, "page")
	if err != nil { // the name is a constant
		panic(err)
	}
	return files
}

// Mount serves the page at / and its files below /assets/, on a server that does not serve yet. Nobody needs a token for them:
// they are the same in every Barkeep, and the data behind them asks for it.
func Mount(s *server.Server) error {
	texts, err := read(Files())
	if err != nil {
		return err
	}
	s.HandleOpen("GET /{$}", func(w http.ResponseWriter, r *http.Request) error {
		return reply(s, w, r, texts["index.html"])
	})
	s.HandleOpen("GET /assets/{file...}", func(w http.ResponseWriter, r *http.Request) error {
		return reply(s, w, r, texts[r.PathValue("file")])
	})
	return nil
}

// read makes the bodies of all files: their tags now, their shorter forms when they are asked for first.
func read(files fs.FS) (map[string]*server.Text, error) {
	texts := map[string]*server.Text{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		kind, err := kindOf(name)
		texts[name] = server.NewText(kind, text)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("web: read the page: %w", err)
	}
	return texts, nil
}

// kindOf is the media type of a file. It is not taken from the machine's tables, which differ, since a browser runs no module of
// another type.
func kindOf(name string) (string, error) {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8", nil
	case ".js":
		return "text/javascript; charset=utf-8", nil
	case ".css":
		return "text/css; charset=utf-8", nil
	case ".svg":
		return "image/svg+xml", nil
	}
	return "", fmt.Errorf("%s: no media type is known for it", name)
}

// reply answers with a file; nil for none. A parameter after the path changes nothing.
func reply(s *server.Server, w http.ResponseWriter, r *http.Request, text *server.Text) error {
	if text == nil {
		return server.NewProblem(http.StatusNotFound, "not-found", "the page has no such file")
	}
	w.Header().Set("Content-Security-Policy", Policy)
	s.Reply(w, r, text)
	return nil
}
