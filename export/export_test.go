package export

// Escaped is a value in the name of a folder.
func Escaped(value string) string { return escaped(value) }
