package barkeep_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCitedPagesExist holds what comments and pages cite to what is there: the page, and its heading where one is named.
func TestCitedPagesExist(t *testing.T) {
	t.Parallel()
	cited := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir() || !slices.Contains([]string{".go", ".md", ".sql", ".yml"}, filepath.Ext(path)):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		for _, broken := range brokenCitations(string(text), &cited) {
			t.Errorf("%s cites %s, which is not there", path, broken)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if cited < 20 {
		t.Errorf("found %d citations; are they read at all?", cited)
	}
}

// brokenCitations are those of a text that lead nowhere. Design documents are not in the repository.
func brokenCitations(text string, cited *int) []string {
	var broken []string
	for _, match := range regexp.MustCompile(`\b(docs/[A-Z]+\.md|DESIGN\.md|STYLE\.md)(?:#([a-z0-9-]+))?`).FindAllStringSubmatch(text, -1) {
		*cited++
		page, err := os.ReadFile(match[1])
		if err != nil || match[2] != "" && !hasHeading(string(page), match[2]) {
			broken = append(broken, match[0])
		}
	}
	return broken
}

// hasHeading tells whether a page has the heading that GitHub gives this anchor.
func hasHeading(page, anchor string) bool {
	for line := range strings.Lines(page) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			slug := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
			if strings.ReplaceAll(slug, " ", "-") == anchor {
				return true
			}
		}
	}
	return false
}

func TestBrokenCitationsAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"see docs/PROVIDER.md":                       0,
		"see docs/PROVIDER.md#symbols":               0,
		"see docs/PROVIDER" + ".md#what-nobody-said": 1,
		"see docs/NOTHING" + ".md":                   1,
		"see DESIGN" + ".md section 5":               1,
	} {
		cited := 0
		if broken := brokenCitations(text, &cited); len(broken) != want || cited != 1 {
			t.Errorf("%q: %d cited, broken are %q; want %d", text, cited, broken, want)
		}
	}
}
