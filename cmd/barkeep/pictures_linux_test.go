package main_test

import (
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// envPictures names the folder that `make pictures` has the pictures written to.
const envPictures = "BARKEEP_PICTURES"

// largest is how many bytes a picture may have: people load them with README.
const largest = 150_000

// TestPictures makes the pictures of README and docs from the demo's archive: they show what there is, and no drawing of it. Without
// `make pictures` they go to a folder of the test.
func TestPictures(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if set := os.Getenv(envPictures); set != "" {
		folder = set
	}
	home := t.TempDir()
	barkeep(t, []string{when}, "demo", "--keep", filepath.Join(home, "data")).must(t, 0)
	env := []string{
		when, "INSTRUMENTS=ES,NQ,YM,RTY,CL,NG,GC,SI,HG,ZN,6E,BTC", "YAHOO_BASE_URL=" + provider(t, []string{when}), "YAHOO_REQUESTS_PER_MINUTE=6000",
	}
	worker := afterImport(t, append(slices.Clone(env), "DATA_DIR="+filepath.Join(home, "data"), "LOG_LEVEL=info"), "done")
	env = append(env, "HTTP_ADDR="+strings.TrimPrefix(worker.url, "http://"))
	files := map[string]string{ // how long things took differs each time, and is true
		"demo.svg":   onPicture(t, home, []string{when}, "demo"),
		"status.svg": onPicture(t, home, env, "status"),
		"show.svg":   onPicture(t, home, env, "show", "ES", "1h"),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil { //nolint:gosec // everybody may look at it
			t.Fatal(err)
		}
	}
	ofPage(t, worker.url, folder)
	made, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range made {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, info.Name())
		if info.Size() < 3000 || info.Size() > largest {
			t.Errorf("%s has %d bytes", info.Name(), info.Size())
		}
	}
	if want := []string{"chart-dark.png", "chart.png", "coverage-dark.png", "coverage.png", "demo.svg", "show.svg", "status.svg", "today.png"}; !slices.Equal(names, want) {
		t.Errorf("the folder has %q, want %q", names, want)
	}
}

// ofPage takes the pictures of the page. Only what differs from one moment and machine to the next is put in by hand.
func ofPage(t *testing.T, url, folder string) {
	t.Helper()
	b := newBrowser(t)
	for name, view := range map[string]struct{ hash, scheme, waits, says string }{
		"today.png":         {"", "light", "verdict-title", `^Today’s data is there$`},
		"coverage.png":      {"#/coverage?timeframe=5m", "light", "grid", `ZN`},
		"chart.png":         {"#/chart/ES/1h", "light", "chart-verdict", `^Complete to`},
		"chart-dark.png":    {"#/chart/ES/1h", "dark", "chart-verdict", `^Complete to`},
		"coverage-dark.png": {"#/coverage?timeframe=5m", "dark", "grid", `ZN`},
	} {
		p := b.open(t, url+"/"+view.hash, args{"scheme": view.scheme})
		p.reads(testid(view.waits), view.says)
		p.do("quiet", nil, nil)
		p.do("still", args{"texts": map[string]string{
			"#connection time": "14:25:00 PDT", testid("countdown"): "23 h 40 min 00 s", testid("part-database") + " .note": "in 1 ms",
			testid("last"): "The newest that ended: Import, run 1, done Wed 19 Aug 14:25 PDT after 2 s.", "#read": "Read at 14:25:00 PDT (21:25 UTC).",
			testid("part-disk") + " .state": "412 GB free", testid("part-disk") + " .note": "of 500 GB",
		}}, nil)
		p.do("shot", args{"file": filepath.Join(folder, name), "width": 1200, "height": 800, "scheme": view.scheme}, nil)
	}
}

// onPicture runs a command in a folder, as one who has installed it, on a terminal of 80 columns, and draws what that shows.
func onPicture(t *testing.T, folder string, env []string, arguments ...string) string {
	t.Helper()
	const columns = 80
	master, slave := openTerminal(t, columns, 50)
	path := "PATH=" + filepath.Dir(binary) + string(os.PathListSeparator) + os.Getenv("PATH")
	cmd := command(t, slices.Concat(env, []string{"TERM=xterm", "LOG_LEVEL=error", path}), arguments...)
	cmd.Dir, cmd.Args[0] = folder, "barkeep"
	cmd.Stdout, cmd.Stderr = slave, slave
	written := make(chan string)
	go func() {
		all, _ := io.ReadAll(master) // it ends with an error when the other side is closed
		written <- string(all)
	}()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = slave.Close()
	_ = cmd.Wait() // the picture shows it
	text := <-written
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("%q exits with %d:\n%s", arguments, code, text)
	}
	shown, _ := shownBy(text, columns)
	return drawing("$ barkeep "+strings.Join(arguments, " ")+"\n"+shown, columns)
}

// drawing is a text with colours, as shownBy writes them, as an SVG. Each row says how wide it is, so that rows stay aligned
// whatever the fonts are.
func drawing(text string, columns int) string {
	const width, height, margin = 8.4, 18, 14
	rows := strings.Split(strings.TrimRight(text, "\n"), "\n")
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">`+"\n",
		float64(columns)*width+2*margin, len(rows)*height+2*margin)
	fmt.Fprintln(&out, `<style>text{white-space:pre;fill:#e6ebe8}.red{fill:#ff8f84}.green{fill:#62cfa8}.yellow{fill:#e6b450}.grey{fill:#9faaa5}</style>`)
	fmt.Fprintln(&out, `<rect width="100%" height="100%" rx="8" fill="#111514"/>`)
	mark := regexp.MustCompile(`<(red|green|yellow|grey|/)>`)
	for i, row := range rows {
		if length := len([]rune(mark.ReplaceAllString(row, ""))); length > 0 {
			coloured := ""
			for last, found := 0, append(mark.FindAllStringSubmatchIndex(row, -1), []int{len(row), len(row), 0, 0}); len(found) > 0; found = found[1:] {
				coloured += html.EscapeString(row[last:found[0][0]])
				switch last = found[0][1]; row[found[0][2]:found[0][3]] {
				case "":
				case "/":
					coloured += "</tspan>"
				default:
					coloured += `<tspan class="` + row[found[0][2]:found[0][3]] + `">`
				}
			}
			fmt.Fprintf(&out, `<text x="%d" y="%d" textLength="%.1f">%s</text>`+"\n", margin, margin+14+i*height, float64(length)*width, coloured)
		}
	}
	fmt.Fprintln(&out, "</svg>")
	return out.String()
}
