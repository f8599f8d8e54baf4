package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// bots is where Telegram's bots talk (https://core.telegram.org/bots/api#sendmessage).
const bots = "https://api.telegram.org"

// telegramSender sends to Telegram's chats by itself: the sender of shoutrrr 0.13 reports success when it could not connect,
// or when the answer was no JSON.
type telegramSender struct {
	base   string // bots, but for tests
	config *telegram.Config
	client *http.Client
}

// newTelegram takes what the URL says from the service that read it.
func newTelegram(config *telegram.Config, base string) telegramSender {
	return telegramSender{base: base, config: config, client: &http.Client{
		Timeout:   DefaultTimeout,
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, MaxResponseHeaderBytes: mostHeader},
	}}
}

// Send sends a message to every chat, and tells of all that could not be reached.
func (s telegramSender) Send(text string, params *types.Params) error {
	if title, ok := params.Title(); ok {
		text = title + "\n" + text
	}
	var wrong []error
	for _, chat := range s.config.Chats {
		wrong = append(wrong, s.send(chat, text))
	}
	return errors.Join(wrong...)
}

// send sends plain text to one chat: "@name", an ID, or either with a thread, "ID:THREAD".
func (s telegramSender) send(chat, text string) error {
	chat, thread, threaded := strings.Cut(chat, ":")
	payload := map[string]any{
		"chat_id": chat, "text": text, "disable_notification": !s.config.Notification,
		"disable_web_page_preview": !s.config.Preview,
	}
	if number, err := strconv.Atoi(thread); threaded && err == nil {
		payload["message_thread_id"] = number
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	//nolint:noctx // services take no context; the client's time-out bounds this one
	answer, err := s.client.Post(s.base+"/bot"+s.config.Token+"/sendMessage", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var said struct {
		OK          bool   `json:"ok"`
		Description string `json:"description"`
	}
	err = json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&said)
	if err != nil || !said.OK {
		return fmt.Errorf("%s: status %d", said.Description, answer.StatusCode)
	}
	return nil
}
