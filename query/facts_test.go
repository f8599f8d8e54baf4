package query_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"barkeep/query"
)

// TestReadersDoNotWaitForOneAnother: what is known of calendars is read again and again here, by requests that hold one of the few
// connections of an embedded archive and by such as hold none; none may keep the others waiting for good.
func TestReadersDoNotWaitForOneAnother(t *testing.T) {
	t.Parallel()
	p := newPlanted(t, openSQLite(t), 3)
	begun := time.Now()
	var mu sync.Mutex
	at := p.at
	r := p.readerBy(t, nil, func() time.Time { // a clock that runs so fast that nothing is known for long
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(10 * time.Second)
		return at
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var group sync.WaitGroup
	for i := range 24 {
		group.Go(func() {
			for k := range 6 {
				request := query.Request{Series: es(), Limit: 5 + (i+k)%3*400, Newest: (i+k)%2 == 0, Complete: true}
				if i%3 == 0 {
					request.Require = query.RequireComplete
				}
				_, err := r.Read(ctx, request)
				var incomplete query.IncompleteError
				if err != nil && !errors.As(err, &incomplete) {
					t.Errorf("%v after %s", err, time.Since(begun))
					return
				}
			}
		})
	}
	group.Wait()
}
