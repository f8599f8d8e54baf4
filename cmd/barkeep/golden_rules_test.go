package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// verdictWords begin the first line of what a command prints.
const verdictWords = `^(fine|running|late|missing|warning|unknown|done|partial|failed|waiting|due|missed|gaps|ok|broken|wrong|nobody|lost|arrived|` +
	`agree|disagree|complete|same|differs|abandoned|serving|mended|dry) `

// TestGoldenRules holds all golden files to what every output must be: no line is wider than the columns, no word is cut or doubled, the
// verdict stands first, and what went wrong before what went well.
func TestGoldenRules(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	first := regexp.MustCompile(verdictWords)
	leads := regexp.MustCompile(`-(status|sync|runs?|coverage|wait|doctor|demo|export|verify|notify)\b`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(filepath.Base(file), ".")
		columns := map[string]int{"80": 80, "120": 120}[parts[1]]
		plain := regexp.MustCompile(`<(red|green|yellow|grey)>|</>`).ReplaceAllString(string(text), "")
		lines := strings.Split(strings.TrimSuffix(plain, "\n"), "\n")
		if leads.MatchString("-"+parts[0]) && !first.MatchString(lines[0]) && !strings.HasPrefix(lines[0], "barkeep: ") {
			t.Errorf("%s does not begin with a verdict but with %q", file, lines[0])
		}
		for _, wrong := range breaches(lines, columns) {
			t.Errorf("%s: %s", file, wrong)
		}
	}
}

// breaches are what is wrong with lines.
func breaches(lines []string, columns int) (found []string) {
	good := ""
	for i, line := range lines {
		words := strings.Fields(line)
		complaint := strings.HasPrefix(line, "barkeep: ") // in a pipe it is one line, for those who search for it
		if utf8.RuneCountInString(line) > columns && len(words) > 1 && !complaint {
			found = append(found, "wider than the terminal: "+line)
		}
		if strings.ContainsRune(line, '…') {
			found = append(found, "a word is cut: "+line)
		}
		if strings.TrimRight(line, " ") != line {
			found = append(found, "blanks at the end: "+line)
		}
		for k := 1; k < len(words); k++ {
			if words[k] == words[k-1] && regexp.MustCompile(`^[a-z]{2,}$`).MatchString(words[k]) {
				found = append(found, "a doubled word: "+line)
			}
		}
		if i == 0 || len(words) < 2 || strings.HasPrefix(line, " ") {
			continue
		}
		switch word := words[0]; {
		case slices.Contains([]string{"ok", "arrived", "stored"}, word):
			good = line
		case slices.Contains([]string{"failed", "late", "thin", "held", "broken", "lost", "fault", "error"}, word) && good != "":
			found = append(found, "what went wrong stands behind what went well: "+good+" / "+line)
		}
	}
	return found
}

// TestBreachesAreFound, so that the rules can fail.
func TestBreachesAreFound(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		strings.Repeat("word ", 17) + "x": "wider", "the provid…": "cut", "x ": "blanks", "it is the the same": "doubled",
		"broken    1\nok        a\nbroken    b": "behind",
	} {
		if got := strings.Join(breaches(strings.Split(text, "\n"), 80), "; "); !strings.Contains(got, says) {
			t.Errorf("%q: found %q, want %q", text, got, says)
		}
	}
	if got := breaches([]string{"broken    1", "broken    a", "ok        b", strings.Repeat("x", 90)}, 80); len(got) > 0 {
		t.Errorf("found %q in good lines", got)
	}
}
