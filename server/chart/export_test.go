package chart

import "barkeep/server"

// MountBounded is Mount with so many bars in one answer at most.
func MountBounded(s *server.Server, c Config, most int) error { return mount(s, c, most) }
