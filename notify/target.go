package notify

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

const (
	// sendingsPerURL is how many sendings to one URL may be on their way: one, and a few that hang.
	sendingsPerURL = 4
	// remembered is how many delivered messages a target knows by key: more than anybody tells within a retry's reach.
	remembered = 256
)

// message is what one notice says.
type message struct {
	key   string // the same for notices that are to be told once
	title string
	text  string // complete without the title, which some services do not show
}

// sender is a service of shoutrrr that is ready to send.
type sender interface {
	Send(text string, params *types.Params) error
}

// target is one URL.
type target struct {
	entry  string // its place in NOTIFY_URLS
	name   string // that and its service, for errors
	where  string // scheme and host, or the service alone
	titled bool   // the service shows titles
	// open makes the service anew for each message: services keep the title of the last one, and log in (matrix).
	open func() (sender, error)
	free chan struct{} // one for each sending that is on its way

	mu   sync.Mutex
	told []string // keys of messages that were delivered, oldest first
}

// newTarget checks the URL with this number in NOTIFY_URLS, counted from 1. Its error wraps ErrURL.
func newTarget(number int, address string) (*target, error) {
	entry := fmt.Sprintf("NOTIFY_URLS entry %d", number)
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return nil, fmt.Errorf("%w: %s is no URL, accepted is such as ntfy://ntfy.sh/topic; percent-encode odd characters",
			ErrURL, entry)
	}
	service, transport, custom := strings.Cut(u.Scheme, "+")
	if services := known(); !slices.Contains(services, service) {
		// What stands before the colon may be a part of a secret, so it is not shown.
		return nil, fmt.Errorf("%w: %s is of no known service, accepted are %s", ErrURL, entry, strings.Join(services, ", "))
	}
	name := entry + " (" + service + ")"
	if custom && transport != "http" && transport != "https" {
		return nil, fmt.Errorf("%w: %s has an unknown transport, accepted are %[3]s+http and %[3]s+https", ErrURL, name, service)
	}
	t := &target{entry: entry, name: name, where: whereOf(service, u), free: make(chan struct{}, sendingsPerURL)}
	if t.titled, err = check(service, address); err != nil || service == "generic" && u.Host == "" {
		return nil, fmt.Errorf("%w: %s cannot be used, accepted is %s", ErrURL, name, form(service))
	}
	t.open = func() (sender, error) { return open(address) }
	return t, nil
}

// begin tells whether a sending may begin; end says that it has returned.
func (t *target) begin() bool {
	select {
	case t.free <- struct{}{}:
		return true
	default:
		return false
	}
}

func (t *target) end() { <-t.free }

// deliver sends a message, and remembers that it arrived. A library that panics must not take the imports along.
func (t *target) deliver(m message) (err error) {
	defer func() {
		if recover() != nil {
			err = errBroken
		}
	}()
	service, err := t.open()
	if err != nil {
		return err
	}
	defer leave(service)
	params := types.Params{}
	if t.titled {
		params.SetTitle(m.title)
	}
	if err := service.Send(m.text, &params); err != nil {
		return err
	}
	t.remember(m.key)
	return nil
}

// has tells whether a message was delivered.
func (t *target) has(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Contains(t.told, key)
}

// remember keeps that a message was delivered.
func (t *target) remember(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.told) == remembered {
		t.told = slices.Delete(t.told, 0, 1)
	}
	t.told = append(t.told, key)
}
