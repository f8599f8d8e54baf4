package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/tasks"
)

// closer is one thing to put away, by name.
type closer struct {
	name  string
	close func() error
}

// closers puts things away in the reverse order of their opening.
type closers struct {
	list []closer
}

func (c *closers) add(name string, closeIt func() error) {
	c.list = append(c.list, closer{name, closeIt})
}

// closeAll closes everything, last opened first. What does not end within the bound is named in the error and left behind.
func (c *closers) closeAll(bound time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), bound, fmt.Errorf("not done within %s", bound))
	defer cancel()
	var errs []error
	for i := len(c.list) - 1; i >= 0; i-- {
		if err := tasks.Within(ctx, c.list[i].close); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", c.list[i].name, err))
		}
	}
	c.list = nil
	return errors.Join(errs...)
}
