package notify

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/format"
	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/matrix"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// known are the services, by their names in URLs: all of shoutrrr's but the one that writes to a log, which tells nobody.
func known() []string {
	names := slices.DeleteFunc((&router.ServiceRouter{}).ListServices(), func(name string) bool { return name == "logger" })
	slices.Sort(names)
	return names
}

// check reads a URL as its service does, and tells whether the service shows titles. Matrix would log in when it is made:
// only its configuration is read.
func check(service, address string) (titled bool, err error) {
	defer func() {
		if recover() != nil {
			err = errBroken
		}
	}()
	if service == "matrix" {
		u, err := url.Parse(address)
		if err != nil {
			return false, err
		}
		return true, (&matrix.Config{}).SetURL(u)
	}
	made, err := (&router.ServiceRouter{}).Locate(address)
	if err != nil {
		return false, err
	}
	// Some services refuse parameters that they do not know. Zulip takes a title for the topic, of 60 characters at most.
	keys := format.NewPropKeyResolver(format.GetServiceConfig(made))
	return service != "zulip" && slices.Contains(keys.QueryFields(), types.TitleKey), nil
}

// open makes the service of a URL, ready to send one message.
func open(address string) (sender, error) {
	if strings.HasPrefix(address, matrix.Scheme+":") {
		return openMatrix(address)
	}
	made, err := (&router.ServiceRouter{}).Locate(address)
	if err != nil {
		return nil, err
	}
	switch s := made.(type) {
	case *telegram.Service:
		return newTelegram(s.Config, bots), nil
	case *ntfy.Service:
		// Its own client keeps a connection for ever, and knows no proxies.
		s.SetHTTPClient(&http.Client{Timeout: ntfy.HTTPTimeout * time.Second, Transport: &http.Transport{
			Proxy:             http.ProxyFromEnvironment,
			DisableKeepAlives: true,
			TLSClientConfig: &tls.Config{
				MinVersion:         tls.VersionTLS12,
				InsecureSkipVerify: s.Config.DisableTLSVerification, // only where the URL says so
			},
		}})
	}
	return made, nil
}

// openMatrix logs in. The router would drop the reason why that fails.
func openMatrix(address string) (sender, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	made := &matrix.Service{}
	return made, made.Initialize(u, nil)
}

// leave closes the connections that a service keeps in a client of its own (Mattermost, Gotify).
func leave(s sender) {
	if keeper, ok := s.(interface{ GetHTTPClient() *http.Client }); ok && keeper.GetHTTPClient() != nil {
		keeper.GetHTTPClient().CloseIdleConnections()
	}
}

// form is what a URL of a service looks like.
func form(service string) string {
	switch service {
	case "discord":
		return "discord://TOKEN@WEBHOOK-ID"
	case "generic":
		return "generic+https://HOST/PATH, or generic+http"
	case "gotify":
		return "gotify://HOST/TOKEN"
	case "matrix":
		return "matrix://USER:PASSWORD@HOST/?rooms=!ROOM"
	case "mattermost":
		return "mattermost://HOST/TOKEN/CHANNEL"
	case "ntfy":
		return "ntfy://HOST/TOPIC, with USER:PASSWORD@ before the host where it asks for them"
	case "pushover":
		return "pushover://shoutrrr:TOKEN@USER"
	case "slack":
		return "slack://hook:TOKEN-A-TOKEN-B-TOKEN-C@webhook, or slack://xoxb:TOKEN@CHANNEL"
	case "smtp":
		return "smtp://USER:PASSWORD@HOST:587/?from=ADDRESS&to=ADDRESS"
	case "telegram":
		return "telegram://TOKEN@telegram?chats=CHAT"
	default:
		return "the form that shoutrrr's documentation gives for it"
	}
}
