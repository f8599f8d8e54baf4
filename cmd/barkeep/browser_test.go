package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"barkeep/tools/clients"
)

// envScreenshots names the folder where pictures are kept. Where it is not set, those of what failed are.
const envScreenshots = "BARKEEP_SCREENSHOTS"

// browser is a Chromium in which any number of tests have tabs at a time.
type browser struct {
	requests io.Writer

	mu      sync.Mutex // guards what follows, and writing
	last    int
	waiting map[int]chan reply
	ended   error
}

// reply is what testdata/browser.mjs says to a request.
type reply struct {
	ID    int
	Value json.RawMessage
	Error string
}

// args are those of a request, by name.
type args map[string]any

// newBrowser starts a browser that lives as long as the test and its subtests.
func newBrowser(t testing.TB) *browser {
	t.Helper()
	if _, err := clients.FindChromium(t.Context()); err != nil {
		t.Fatalf("`make test` brings a browser: %v", err)
	}
	temporary := t.TempDir() // of its profile
	// It ends with its input, in order, after the test's context.
	cmd := clients.Script{File: "testdata/browser.mjs", Environment: []string{"TMPDIR=" + temporary}}.Command(context.WithoutCancel(t.Context()), t)
	requests, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	replies, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := &browser{requests: requests, waiting: map[int]chan reply{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.listen(replies)
	}()
	t.Cleanup(func() {
		_ = requests.Close()
		<-done
		if err := cmd.Wait(); err != nil {
			t.Errorf("the browser: %v\n%s", err, complaints.String())
		}
	})
	return b
}

// listen passes replies on to those who wait, until there are no more.
func (b *browser) listen(replies io.Reader) {
	lines := bufio.NewScanner(replies)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var r reply
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			continue // a warning of Node.js
		}
		b.mu.Lock()
		if waits := b.waiting[r.ID]; waits != nil {
			waits <- r
			delete(b.waiting, r.ID)
		}
		b.mu.Unlock()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = fmt.Errorf("the browser has ended (%w)", io.ErrUnexpectedEOF)
	for _, waits := range b.waiting {
		waits <- reply{Error: b.ended.Error()}
	}
	clear(b.waiting)
}

// ask sends a request and waits for its reply, which is read into the variable that the pointer names, if it names one.
func (b *browser) ask(do, tab string, with args, into any) error {
	waits := make(chan reply, 1)
	b.mu.Lock()
	b.last++
	request := args{"id": b.last, "do": do, "tab": tab}
	for name, value := range with {
		request[name] = value
	}
	line, err := json.Marshal(request)
	if err == nil && b.ended != nil {
		err = b.ended
	}
	if err == nil {
		b.waiting[b.last] = waits
		_, err = b.requests.Write(append(line, '\n'))
	}
	b.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case r := <-waits:
		if r.Error != "" {
			return fmt.Errorf("%s: %s", do, r.Error)
		}
		if into != nil {
			return json.Unmarshal(r.Value, into)
		}
		return nil
	case <-time.After(5 * time.Minute):
		return fmt.Errorf("%s %v: the browser does not answer", do, with)
	}
}

// tab is a page in a browser, with neither storage nor cache from another one.
type tab struct {
	testing.TB
	b      *browser
	name   string
	folder string // of its pictures
}

// open opens a page at an address, in a window of 1280 x 800 where `with` does not say otherwise.
func (b *browser) open(t testing.TB, url string, with args) *tab {
	t.Helper()
	b.mu.Lock()
	b.last++
	p := &tab{TB: t, b: b, name: fmt.Sprint("tab ", b.last)}
	b.mu.Unlock()
	p.folder = pictures(t)
	request := args{"url": url}
	for name, value := range with {
		request[name] = value
	}
	t.Cleanup(func() { _ = b.ask("close", p.name, nil, nil) }) // it may have ended
	p.do("open", request, nil)
	return p
}

func (p *tab) do(verb string, with args, into any) {
	p.Helper()
	if err := p.b.ask(verb, p.name, with, into); err != nil {
		if verb != "open" {
			_ = p.b.ask("shot", p.name, args{"file": filepath.Join(p.folder, "failed.png")}, nil) // beside the failure
		}
		p.Fatal(err)
	}
}

// testid selects what the page calls so.
func testid(name string) string { return "[data-testid=" + name + "]" }

// reads waits until what a person sees of an element matches a pattern, and returns it.
func (p *tab) reads(selector, pattern string) (text string) {
	p.Helper()
	p.do("read", args{"selector": selector, "matches": pattern}, &text)
	return text
}

// verdict waits until the verdict and the sentences below it match.
func (p *tab) verdict(title, text string) {
	p.Helper()
	p.reads(testid("verdict-title"), title)
	p.reads(testid("verdict-text"), text)
}

// nothingGreen fails the test where anything in sight of a view says that it stands well.
func (p *tab) nothingGreen(during string) {
	p.Helper()
	var green []string
	p.do("run", args{"text": `[...document.querySelectorAll('.state, .dot.good, main [data-tone=good], main [data-tone=busy], .grid canvas')]
		.filter((n) => !n.matches('.state') || /[✓▸]/.test(getComputedStyle(n, '::before').content))
		.filter((n) => !n.matches('canvas') || getComputedStyle(n).filter === 'none').map((n) => n.outerHTML.slice(0, 150))`}, &green)
	for _, node := range green {
		p.Errorf("%s the page still calls it good: %s", during, node)
	}
}

// titles are all verdicts that the page has shown, the first one first.
func (p *tab) titles() (all []string) {
	p.Helper()
	p.do("titles", nil, &all)
	return all
}

func (p *tab) goes(hash string) { p.Helper(); p.do("go", args{"hash": hash}, nil) }

func (p *tab) click(selector string) { p.Helper(); p.do("click", args{"selector": selector}, nil) }

func (p *tab) fill(selector, text string) {
	p.Helper()
	p.do("fill", args{"selector": selector, "text": text}, nil)
}

func (p *tab) press(key string) { p.Helper(); p.do("press", args{"text": key}, nil) }

// reaches tells what has the focus after each of so many tabulators.
func (p *tab) reaches(times int) (all []string) {
	p.Helper()
	p.do("tabs", args{"times": times}, &all)
	return all
}

// look keeps the pictures of a state under a name where they are asked for, and fails the test for what no state may have: an error in the console, a
// violation of the policy, a request to another host, a finding of axe-core, a page too wide for a phone, or parts that jumped.
func (p *tab) look(name string) {
	p.Helper()
	var said []string
	p.do("look", args{"file": filepath.Join(p.folder, name), "keep": os.Getenv(envScreenshots) != ""}, &said)
	for _, text := range said {
		p.Errorf("%s: %s", name, text)
	}
}

// pictures is the folder of a test's pictures.
func pictures(t testing.TB) string {
	t.Helper()
	if folder := os.Getenv(envScreenshots); folder != "" {
		absolute, err := filepath.Abs(filepath.Join(folder, strings.ReplaceAll(t.Name(), "/", "-")))
		if err != nil {
			t.Fatal(err)
		}
		return absolute
	}
	folder, err := os.MkdirTemp("", "barkeep-screenshots-") //nolint:usetesting // it stays where the test fails
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the pictures of the page are in %s", folder)
			return
		}
		_ = os.RemoveAll(folder) // what stays is in the folder for temporary files
	})
	return folder
}
