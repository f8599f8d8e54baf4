package notify

import (
	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"barkeep/ledger"
)

const (
	SendingsPerURL = sendingsPerURL
	Remembered     = remembered
)

// Undelivered and Reason make and judge what people read of an error.
func Undelivered(name string, err error) error { return undelivered(name, err) }

func Reason(err error) string { return reason(err) }

// Forms are the forms of URLs that are told, by service.
func Forms() map[string]string {
	all := map[string]string{}
	for _, service := range known() {
		all[service] = form(service)
	}
	return all
}

// Title and Text are what a notice says.
func Title(n ledger.Notice) string { return title(n) }

func Text(n ledger.Notice) string { return text(n) }

// SendTelegram sends as an URL says, to a server at base in the place of Telegram's.
func SendTelegram(address, base, title, text string) error {
	made, err := (&router.ServiceRouter{}).Locate(address)
	if err != nil {
		return err
	}
	params := types.Params{}
	params.SetTitle(title)
	return newTelegram(made.(*telegram.Service).Config, base).Send(text, &params)
}

// SendFunc is a service.
type SendFunc func() error

func (f SendFunc) Send(string, *types.Params) error { return f() }

// Replace puts a service in the place of that of the first URL.
func (n *Notifier) Replace(f SendFunc) { n.targets[0].open = func() (sender, error) { return f, nil } }
