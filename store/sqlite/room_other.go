//go:build !linux

package sqlite

// roomOf knows nothing on this system: the engine finds a full disk out.
func roomOf(string) (free, total uint64, name string, ok bool) { return 0, 0, "", false }

// MountOf knows nothing on this system.
func MountOf(string) (point, device string) { return "", "" }

// mayWrite knows nothing on this system: the engine finds it out.
func mayWrite(string) error { return nil }
