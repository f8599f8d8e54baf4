package notify_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"barkeep/notify"
)

// bot is a URL of Telegram with a well-formed token.
const bot = "telegram://123456789:hunter2_hunter2_hunter2_hunter2_hun@telegram?chats=@one,-100200:7&notification=no"

func TestTelegramIsToldInEveryChat(t *testing.T) {
	t.Parallel()
	box := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"ok":true,"result":{}}`)) })
	if err := notify.SendTelegram(bot, box.URL, "title", "text <b>"); err != nil {
		t.Fatal(err)
	}
	got := box.all()
	if len(got) != 2 {
		t.Fatalf("%d requests, want one for each chat", len(got))
	}
	for i, want := range []struct {
		chat   string
		thread int
	}{{"@one", 0}, {"-100200", 7}} {
		var v struct {
			Chat   string `json:"chat_id"`
			Thread int    `json:"message_thread_id"`
			Silent bool   `json:"disable_notification"`
			Text   string
		}
		if err := json.Unmarshal([]byte(got[i].body), &v); err != nil {
			t.Fatal(err)
		}
		if v.Chat != want.chat || v.Thread != want.thread || v.Text != "title\ntext <b>" || !v.Silent {
			t.Errorf("message %d is %s", i, got[i].body)
		}
		if got[i].path != "/bot123456789:hunter2_hunter2_hunter2_hunter2_hun/sendMessage" {
			t.Errorf("it went to %s", got[i].path)
		}
	}
}

func TestTelegramsFailuresAreFailures(t *testing.T) {
	t.Parallel()
	for body, c := range map[string]struct {
		status int
		want   string
	}{
		`{"ok":false,"description":"Bad Request: chat not found"}`: {400, "the service does not know the chat"},
		`{"ok":false,"description":"Unauthorized"}`:                {401, "the server answered 401 Unauthorized"},
		`{"ok":false,"description":"hunter2"}`:                     {200, "the service refused it"},
		`<html>hunter2`:                                            {502, "the server answered 502 Bad Gateway"},
		``:                                                         {200, "the service refused it"},
	} {
		box := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(body))
		})
		err := notify.SendTelegram(bot, box.URL, "title", "text")
		if err == nil {
			t.Errorf("%d %s is a success", c.status, body)
			continue
		}
		if got := notify.Reason(err); !strings.HasPrefix(got, c.want) {
			t.Errorf("%d %s: %q, want %q", c.status, body, got, c.want)
		}
		if got := box.all(); len(got) != 2 {
			t.Errorf("%d chats were tried, want both", len(got))
		}
	}
}
