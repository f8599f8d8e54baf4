package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"barkeep/server"
	"barkeep/server/servertest"
	"barkeep/web"
)

// mostBytes is how much all files together may have, each as gzip.
const mostBytes = 150_000

// files are the files of the page.
func files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(web.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(web.Files(), name)
		all[name] = string(text)
		return err
	})
	if err != nil || all["index.html"] == "" || all["app.js"] == "" {
		t.Fatalf("the page has %d files, %v", len(all), err)
	}
	return all
}

// mounted serves the page beside the API.
func mounted(t *testing.T, c server.Config) http.Handler {
	t.Helper()
	b := servertest.New(t, func(b *servertest.Bench) { b.Config.ReadToken = c.ReadToken })
	if err := web.Mount(b.Server); err != nil {
		t.Fatal(err)
	}
	return b.Server.Handler()
}

func ask(t *testing.T, h http.Handler, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	r.Host = "localhost"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEachFileIsServed asks for each file: its type, its policy, its text, packed or not, and again with its tag.
func TestEachFileIsServed(t *testing.T) {
	t.Parallel()
	h := mounted(t, server.Config{})
	kinds := map[string]string{".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
	for name, text := range files(t) {
		target := "/assets/" + name
		if name == "index.html" {
			target = "/"
		}
		plain := ask(t, h, http.MethodGet, target)
		if got := body(t, plain); plain.StatusCode != http.StatusOK || got != text || !strings.HasPrefix(plain.Header.Get("Content-Type"), kinds[path.Ext(name)]) {
			t.Errorf("%s: %d, %s, %d bytes", target, plain.StatusCode, plain.Header.Get("Content-Type"), len(got))
		}
		if plain.Header.Get("Content-Security-Policy") != web.Policy || !strings.Contains(plain.Header.Get("Cache-Control"), "no-cache") ||
			plain.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", target, plain.Header)
		}
		again := ask(t, h, http.MethodGet, target, "If-None-Match", plain.Header.Get("ETag"))
		if plain.Header.Get("ETag") == "" || again.StatusCode != http.StatusNotModified || body(t, again) != "" {
			t.Errorf("%s again: %d", target, again.StatusCode)
		}
		if head := ask(t, h, http.MethodHead, target); head.StatusCode != http.StatusOK || head.Header.Get("ETag") != plain.Header.Get("ETag") {
			t.Errorf("HEAD %s: %d", target, head.StatusCode)
		}
		packed := ask(t, h, http.MethodGet, target, "Accept-Encoding", "gzip")
		if packed.Header.Get("Content-Encoding") != "gzip" {
			if len(text) >= 1024 {
				t.Errorf("%s: %d bytes are not packed", target, len(text))
			}
			continue
		}
		unpacked, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(unpacked); err != nil || string(got) != text {
			t.Errorf("%s as gzip: %d bytes, %v", target, len(got), err)
		}
	}
}

// TestThePolicyLetsNothingElseIn holds what the browser may do: nothing from elsewhere, and nothing that stands in the HTML.
func TestThePolicyLetsNothingElseIn(t *testing.T) {
	t.Parallel()
	allowed := map[string]string{
		"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:", "connect-src": "'self'",
		"base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
	}
	for rule := range strings.SplitSeq(web.Policy, "; ") {
		name, sources, _ := strings.Cut(rule, " ")
		if allowed[name] != sources {
			t.Errorf("the policy has %q", rule)
		}
		delete(allowed, name)
	}
	if len(allowed) > 0 {
		t.Errorf("the policy lacks %v", allowed)
	}
}

// TestWhatIsNotThere answers problems, and to no other host.
func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	h := mounted(t, server.Config{})
	for _, target := range []string{"/assets/", "/assets/none.js", "/assets/views", "/assets/../web.go", "/index.html", "/app.js"} {
		got := ask(t, h, http.MethodGet, target)
		if kind := got.Header.Get("Content-Type"); got.StatusCode != http.StatusNotFound || kind != "application/problem+json" {
			if got.StatusCode != http.StatusTemporaryRedirect && got.StatusCode != http.StatusMovedPermanently {
				t.Errorf("%s: %d %s", target, got.StatusCode, kind)
			}
		}
	}
	if got := ask(t, h, http.MethodPost, "/"); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /: %d", got.StatusCode)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Host = "elsewhere.example"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("another host gets %d", w.Code)
	}
}

// TestThePageNeedsNoTokenAndTheDataDoes asks without a token where reading needs one.
func TestThePageNeedsNoTokenAndTheDataDoes(t *testing.T) {
	t.Parallel()
	h := mounted(t, server.Config{ReadToken: "reading"})
	for target, want := range map[string]int{
		"/": http.StatusOK, "/assets/app.js": http.StatusOK, "/assets/none.js": http.StatusNotFound,
		"/api/v1/status": http.StatusUnauthorized, "/status": http.StatusUnauthorized, "/none": http.StatusUnauthorized,
		"//api/v1/status": http.StatusUnauthorized, "/assets/../api/v1/status": http.StatusUnauthorized,
	} {
		if got := ask(t, h, http.MethodGet, target); got.StatusCode != want {
			t.Errorf("%s: %d, want %d", target, got.StatusCode, want)
		}
	}
}

// TestThePageIsSmall adds up what a browser loads for all views.
func TestThePageIsSmall(t *testing.T) {
	t.Parallel()
	total := 0
	for name, text := range files(t) {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(name, err)
		}
		total += out.Len()
	}
	t.Logf("all files together have %d bytes as gzip", total)
	if total > mostBytes {
		t.Errorf("%d bytes, want %d at most", total, mostBytes)
	}
}

// TestEachImportIsThere follows what the files load: modules, styles and pictures.
func TestEachImportIsThere(t *testing.T) {
	t.Parallel()
	all := files(t)
	imports := regexp.MustCompile(`(?m)(?:^\s*(?:import|export)\b[^;'"]*?from\s+|^import\s+|\bimport\()'([^']+)'`)
	links := regexp.MustCompile(`(?:href|src)="(/[^"]*)"`)
	found, reached := 0, map[string]bool{"index.html": true}
	for name, text := range all {
		for _, m := range imports.FindAllStringSubmatch(text, -1) {
			if path.Ext(name) != ".js" {
				continue
			}
			target := path.Join(path.Dir(name), m[1])
			if found++; all[target] == "" || !strings.HasPrefix(m[1], ".") {
				t.Errorf("%s imports %s, which is not there", name, m[1])
			}
			reached[target] = true
		}
		if path.Ext(name) != ".html" {
			continue
		}
		for _, m := range links.FindAllStringSubmatch(text, -1) {
			target := strings.TrimPrefix(m[1], "/assets/")
			if found++; all[target] == "" {
				t.Errorf("%s loads %s, which is not there", name, m[1])
			}
			reached[target] = true
		}
	}
	if found < 20 {
		t.Errorf("only %d imports were found", found)
	}
	for name := range all {
		if !reached[name] {
			t.Errorf("nothing loads %s", name)
		}
	}
}

// TestEachQuestionHasARoute holds the page to the routes that there are.
func TestEachQuestionHasARoute(t *testing.T) {
	t.Parallel()
	b := servertest.New(t, func(b *servertest.Bench) { b.Hand = &servertest.Hand{} })
	var routes []string
	for _, pattern := range b.Server.Routes() {
		_, route, _ := strings.Cut(pattern, " ")
		routes = append(routes, parts(route, regexp.MustCompile(`\{[^}]+\}`)))
	}
	question, count := regexp.MustCompile("['`](/api/v1/[^'`?]*)"), 0
	for name, text := range files(t) {
		for _, m := range question.FindAllStringSubmatch(text, -1) {
			count++
			if asked := parts(m[1], regexp.MustCompile(`\$\{[^}]+\}`)); !slices.Contains(routes, asked) {
				t.Errorf("%s asks for %s, which is no route", name, m[1])
			}
		}
	}
	if count < 8 {
		t.Errorf("only %d questions were found", count)
	}
}

// parts is a path whose variable parts are all written alike.
func parts(route string, variable *regexp.Regexp) string {
	return variable.ReplaceAllString(route, "*")
}

// TestNothingComesFromElsewhere looks for addresses of other hosts, and for what the policy would refuse.
func TestNothingComesFromElsewhere(t *testing.T) {
	t.Parallel()
	elsewhere := regexp.MustCompile(`(?i)(?:https?:)?//[a-z0-9-]+\.[a-z]{2,}|@import|url\(\s*['"]?(?:https?:)?//`)
	inline := regexp.MustCompile(`(?i)<script(?:[^>]*)>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:`)
	evaluated := regexp.MustCompile(`\beval\(|new Function\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|setAttribute\('style'|\bstyle: `)
	for name, text := range files(t) {
		if found := elsewhere.FindString(strings.ReplaceAll(text, "http://www.w3.org/2000/svg", "")); found != "" {
			t.Errorf("%s: %q is another host's", name, found)
		}
		if found := inline.FindString(text); path.Ext(name) == ".html" && found != "" {
			t.Errorf("%s: %q stands in the HTML", name, found)
		}
		if found := evaluated.FindString(text); path.Ext(name) == ".js" && found != "" {
			t.Errorf("%s: %q makes code or HTML of a text", name, found)
		}
	}
}

// TestTokensStayInMemory looks for what keeps things longer than the page: only the theme may.
func TestTokensStayInMemory(t *testing.T) {
	t.Parallel()
	keeps := regexp.MustCompile(`(?:localStorage|sessionStorage|indexedDB|document\.cookie|caches)[^\n]*`)
	for name, text := range files(t) {
		for _, found := range keeps.FindAllString(text, -1) {
			if !strings.HasPrefix(found, "localStorage.setItem('theme'") && !strings.HasPrefix(found, "localStorage.getItem('theme')") {
				t.Errorf("%s: %s", name, found)
			}
		}
	}
}
