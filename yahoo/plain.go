package yahoo

import (
	"html"
	"strings"
)

// plain makes text of what may be HTML: of a whole page what it is, with its title; else what is left without the tags.
func plain(text string) string {
	if isPage(text) {
		return page(text)
	}
	return withoutTags(text)
}

// isPage tells whether a text is an HTML page, by how it begins: what stands before that, as a comment, is of the same form.
func isPage(text string) bool {
	text = strings.ToLower(strings.TrimLeft(text, " \t\r\n\ufeff"))
	if !strings.HasPrefix(text, "<") {
		return false
	}
	for _, has := range []string{"<!doctype html", "<html", "<head", "<body"} {
		if strings.Contains(text, has) {
			return true
		}
	}
	return false
}

// page says of an HTML page that it is one, and its title.
func page(text string) string {
	title := ""
	lower := strings.ToLower(text)
	if begin := strings.Index(lower, "<title"); begin >= 0 && len(lower) == len(text) { // some letters get longer
		if open := strings.IndexByte(lower[begin:], '>'); open >= 0 {
			title = text[begin+open+1:]
			end := strings.Index(lower[begin+open+1:], "</title")
			title = title[:max(end, 0)]
		}
	}
	if title = strings.Join(strings.Fields(withoutTags(title)), " "); title == "" {
		return "an HTML page"
	}
	return `an HTML page, "` + title + `"`
}

// withoutTags leaves out what a browser would read as a tag, and reads entities. A "<" before anything else stays: "1 < 2".
func withoutTags(text string) string {
	var out strings.Builder
	for {
		begin := strings.IndexByte(text, '<')
		if begin < 0 || begin+1 == len(text) {
			break
		}
		end := strings.IndexAny(text[begin+1:], "<>")
		if !opensTag(text[begin+1]) || end < 0 || text[begin+1+end] == '<' {
			out.WriteString(text[:begin+1])
			text = text[begin+1:]
			continue
		}
		out.WriteString(text[:begin] + " ")
		text = text[begin+end+2:]
	}
	out.WriteString(text)
	return html.UnescapeString(out.String())
}

// opensTag tells whether a byte after a "<" begins a tag, a comment, or a declaration of XML.
func opensTag(c byte) bool {
	return c == '/' || c == '!' || c == '?' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
