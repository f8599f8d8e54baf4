package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"barkeep/ledger"
)

// The scripts of a marker, each on one key.
const (
	// claimScript writes ARGV[1] for ARGV[2] ms if there is nothing, and else returns what there is: SET NX PX with GET,
	// which servers before Redis 7.0 refuse to do in one command.
	claimScript = `
local held = redis.call('GETRANGE', KEYS[1], 0, 4095)
if held ~= '' or redis.call('EXISTS', KEYS[1]) == 1 then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false`
	// oursScript goes on if the marker bears the token ARGV[1] and does not say done. It looks at the token, and not at the
	// whole value as a lease does, because a run's number is added to its marker later.
	oursScript = `
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
local ok, marker = pcall(cjson.decode, held)
if not ok or type(marker) ~= 'table' or marker.token ~= ARGV[1] or marker.state == 'done' then return 0 end`
	// extendScript writes ARGV[2] for ARGV[3] ms if the marker is ours.
	extendScript = oursScript + `
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`
	// releaseScript deletes the marker if it is ours.
	releaseScript = oursScript + `
return redis.call('DEL', KEYS[1])`
)

// mostMarker bounds a marker that is read, in bytes: what is longer is none of ours, and counts as a lease whose holder is
// unknown.
const mostMarker = 4095

// Markers keeps the marker of each slot: who runs it, or that it is done. The ledger in the database is the truth; a marker
// is a hint that spares asking it, and may vanish at any time. Errors of a server that does not answer wrap ErrUnavailable,
// those of a ctx that is over wrap its cause; after either, the marker may have been written all the same. Its methods may
// be called from several goroutines at once.
type Markers struct {
	redis   *Client
	claim   *goredis.Script
	extend  *goredis.Script
	release *goredis.Script
}

// Markers are the markers below the prefix of this client.
func (c *Client) Markers() *Markers {
	return &Markers{
		redis: c, claim: goredis.NewScript(claimScript), extend: goredis.NewScript(extendScript),
		release: goredis.NewScript(releaseScript),
	}
}

// Get reads the marker of a slot; false when there is none. One that cannot be read counts as a lease whose holder is
// unknown: the zero Marker and true. Where there is none, the one that an earlier release wrote is read, whose key has the slot's
// date and number; it may be of another slot, so what it says has to be confirmed by the ledger.
func (m *Markers) Get(ctx context.Context, slot ledger.Slot) (ledger.Marker, bool, error) {
	marker, found, err := m.get(ctx, slot, m.key(slot))
	if err != nil || found {
		return marker, found, err
	}
	return m.get(ctx, slot, m.redis.key("run", slot.OldKey()))
}

func (m *Markers) get(ctx context.Context, slot ledger.Slot, key string) (ledger.Marker, bool, error) {
	var text []byte
	err := m.redis.call(ctx, "read the marker of "+slot.Key(), func(ctx context.Context) (err error) {
		text, err = m.redis.text(ctx, key, mostMarker)
		return err
	})
	switch {
	case errors.Is(err, goredis.Nil):
		return ledger.Marker{}, false, nil
	case err != nil:
		return ledger.Marker{}, false, err
	}
	return decodeMarker(text), true, nil
}

// Claim writes the lease for ttl (a millisecond or more) if the slot has no marker. Where it has one that bears the token
// of lease, the reply to an earlier try was lost, and the claim is won; its end stays as it was. Else holder is what the
// marker says, as Get reads it.
func (m *Markers) Claim(
	ctx context.Context, slot ledger.Slot, lease ledger.Marker, ttl time.Duration,
) (won bool, holder ledger.Marker, err error) {
	value, err := encodeMarker("claim", slot, lease, ttl)
	if err != nil {
		return false, ledger.Marker{}, err
	}
	var held string
	err = m.redis.call(ctx, "claim the marker of "+slot.Key(), func(ctx context.Context) (err error) {
		held, err = m.claim.Run(ctx, m.redis.client, m.keys(slot), value, ttl.Milliseconds()).Text()
		return err
	})
	switch {
	case errors.Is(err, goredis.Nil):
		return true, ledger.Marker{}, nil
	case err != nil:
		return false, ledger.Marker{}, err
	}
	if holder = decodeMarker([]byte(held)); holder.Token == lease.Token {
		return true, ledger.Marker{}, nil
	}
	return false, holder, nil
}

// Extend writes the lease again for another ttl (a millisecond or more) if the marker bears its token and does not say
// done, in one step. Still is false if it does not, or if there is no marker.
func (m *Markers) Extend(
	ctx context.Context, slot ledger.Slot, lease ledger.Marker, ttl time.Duration,
) (still bool, err error) {
	value, err := encodeMarker("extend", slot, lease, ttl)
	if err != nil {
		return false, err
	}
	err = m.redis.call(ctx, "extend the marker of "+slot.Key(), func(ctx context.Context) (err error) {
		still, err = m.extend.Run(ctx, m.redis.client, m.keys(slot), lease.Token, value, ttl.Milliseconds()).Bool()
		return err
	})
	return still && err == nil, err
}

// Done writes a done marker that lives for ttl (a millisecond or more), whatever is there. Only a run that the ledger has
// as done may be marked so.
func (m *Markers) Done(ctx context.Context, slot ledger.Slot, done ledger.Marker, ttl time.Duration) error {
	value, err := encodeMarker("done", slot, done, ttl)
	if err != nil {
		return err
	}
	return m.redis.call(ctx, "write done into the marker of "+slot.Key(), func(ctx context.Context) error {
		return m.redis.client.Do(ctx, "SET", m.key(slot), value, "PX", ttl.Milliseconds()).Err()
	})
}

// Release deletes the marker if it bears this token and does not say done, in one step; else it does nothing.
func (m *Markers) Release(ctx context.Context, slot ledger.Slot, token string) error {
	return m.redis.call(ctx, "release the marker of "+slot.Key(), func(ctx context.Context) error {
		return m.release.Run(ctx, m.redis.client, m.keys(slot), token).Err()
	})
}

// key is where the marker of a slot is kept.
func (m *Markers) key(slot ledger.Slot) string { return m.redis.key("run", slot.Key()) }

// keys is the one key that a script touches.
func (m *Markers) keys(slot ledger.Slot) []string { return []string{m.key(slot)} }

// encodeMarker writes the value of a marker's key, or refuses what can't be meant: a lease without a token would be
// everybody's.
func encodeMarker(what string, slot ledger.Slot, marker ledger.Marker, ttl time.Duration) (string, error) {
	if marker.State != ledger.MarkerDone && marker.Token == "" {
		return "", fmt.Errorf("%s marker of %s: a lease needs a token", what, slot.Key())
	}
	if ttl < time.Millisecond {
		return "", fmt.Errorf("%s marker of %s for %s: accepted is a millisecond or more", what, slot.Key(), ttl)
	}
	text, err := json.Marshal(marker)
	if err != nil {
		return "", fmt.Errorf("%s marker of %s: %w", what, slot.Key(), err) // a time beyond the year 9999
	}
	return string(text), nil
}

// decodeMarker reads a marker, or gives the zero one.
func decodeMarker(text []byte) ledger.Marker {
	if len(text) > mostMarker {
		return ledger.Marker{}
	}
	var marker ledger.Marker
	if json.Unmarshal(text, &marker) != nil {
		return ledger.Marker{} // Unmarshal may have filled a part of it
	}
	return marker
}
