package notify_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"barkeep/notify"
)

// urlsWithSecrets are URLs of many services, with hunter2 where secrets are; HOST and MAIL are where servers of one's own are.
func urlsWithSecrets() []string {
	return []string{
		"bark://:hunter2@HOST/?scheme=http",
		"discord://hunter2@hunter2",
		"generic+http://user:hunter2@HOST/hunter2?key=hunter2&@X-Token=hunter2&$extra=hunter2",
		"generic://HOST/hunter2?disabletls=yes",
		"googlechat://chat.googleapis.com/v1/spaces/FOO/messages?key=hunter2&token=hunter2",
		"gotify://HOST/Ahunter2hunter2?disabletls=yes",
		"ifttt://hunter2/?events=hunter2",
		"join://shoutrrr:hunter2@join/?devices=hunter2",
		"lark://open.feishu.cn/hunter2?secret=hunter2",
		"matrix://user:hunter2@HOST/?rooms=!hunter2&disabletls=yes",
		"matrix://:hunter2@HOST/?rooms=!hunter2&disabletls=yes",
		"mattermost://user@HOST/hunter2/hunter2?disabletls=yes",
		"notifiarr://hunter2?channel=123456789",
		"ntfy://hunter2:hunter2@HOST/hunter2?scheme=http",
		"opsgenie://api.opsgenie.com/hunter2",
		"pagerduty://events.pagerduty.com/68756e7465723268756e746572326875",
		"pushbullet://hunter2hunter2hunter2hunter2hunter/hunter2",
		"pushover://shoutrrr:hunter2@hunter2/?devices=hunter2",
		"rocketchat://user@HOST/hunter2/hunter2/hunter2",
		"signal://user:hunter2@HOST/+15551234567/+15557654321?disabletls=yes",
		"slack://hook:AHUNTER22-BHUNTER22-hunter2hunter2hunter2hun@webhook",
		"slack://xoxb:123456789012-1234567890123-hunter2hunter2hunter2hun@C001CH4NN3L",
		"smtp://user:hunter2@MAIL/?from=a@example.org&to=b@example.org&starttls=no",
		"telegram://123456789:hunter2_hunter2_hunter2_hunter2_hun@telegram?chats=@hunter2",
		"wecom://hunter2",
		"zulip://bot%40example.org:hunter2@zulip.example.org/?stream=hunter2&topic=hunter2",
	}
}

// wantNoSecret fails when a text shows the secret of the tests, in any spelling.
func wantNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{"hunter2", "unter2", "hunte", "aHVudGVyMg"} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
			t.Errorf("%q shows the secret (%s)", text, secret)
		}
	}
}

// listen listens on a free port until the test ends.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// refuseMail runs a mail server that turns everybody away with a quotation.
func refuseMail(t *testing.T) string {
	t.Helper()
	l := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("554 user with password hunter2 is not welcome\r\n"))
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// TestSecretsAreNotInErrors sends to each service when nobody listens, when the server quotes all that it was sent with
// several statuses, and when it cuts the line.
func TestSecretsAreNotInErrors(t *testing.T) {
	t.Parallel()
	quoting := func(status int) string {
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"error":"hunter2 %s","code":%d} %s`, r.URL, status, r.Header)
		}).host()
	}
	free, mail := listen(t), refuseMail(t)
	_ = free.Close()
	hosts := map[string]string{
		"nobody listens": free.Addr().String(), "401": quoting(401), "404": quoting(404), "500": quoting(500),
		"cut": serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }).host(),
	}
	for what, host := range hosts {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for _, address := range urlsWithSecrets() {
				service := address[:strings.IndexAny(address, ":+")]
				places := strings.NewReplacer("HOST", host, "MAIL", mail)
				n, err := notify.New(notify.Config{URLs: []string{places.Replace(address)}, Timeout: patience})
				if err != nil {
					t.Errorf("%s is refused: %v", address, err)
					continue
				}
				err = n.Notify(t.Context(), notice(0))
				if !errors.Is(err, notify.ErrUndelivered) {
					t.Errorf("%s: %v, want ErrUndelivered", address, err)
					continue
				}
				wantNoSecret(t, err.Error())
				if !strings.HasPrefix(err.Error(), "NOTIFY_URLS entry 1 ("+service+"): not delivered: ") {
					t.Errorf("%s: the error does not name the place and the service: %v", address, err)
				}
				if what == "nobody listens" && service != "smtp" && strings.Contains(err.Error(), "refused it") {
					t.Errorf("%s failed before it was sent, or for another reason than its line: %v", address, err)
				}
				if err := n.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestAllURLsAreCheckedAtOnce(t *testing.T) {
	t.Parallel()
	n, err := notify.New(notify.Config{URLs: []string{
		"ntfy://ntfy.sh/topic", "hunter2", "dicsord://hunter2@1", "discord://hunter2", "ntfy://ntfy.sh/topic",
	}})
	if n != nil || !errors.Is(err, notify.ErrURL) {
		t.Fatalf("got %v, %v", n, err)
	}
	wantNoSecret(t, err.Error())
	lines := strings.Split(err.Error(), "\n")
	for i, want := range []string{
		"entry 2 is no URL, accepted is such as ntfy://ntfy.sh/topic",
		"entry 3 is of no known service, accepted are bark, discord, generic,",
		"entry 4 (discord) cannot be used, accepted is discord://TOKEN@WEBHOOK-ID",
		"entry 5 (ntfy) is the same as entry 1",
	} {
		if len(lines) != 4 || !strings.Contains(lines[i], want) {
			t.Fatalf("got  %s\nwant %s in line %d", err, want, i+1)
		}
	}
}

func TestUnusableURLsAreRefusedWithoutTheirSecrets(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", " ", "hunter2", "hunter2://hunter2", "123:hunter2", "ntfy.sh/hunter2", "://hunter2", "https://discord.com/api/webhooks/1/hunter2",
		"ntfy://user:hunter2@host:port/topic", "ntfy://user:hun ter2@ntfy.sh/topic", "ntfy://ntfy.sh?auth=hunter2", "ntfy://u:hunter2@ntfy.sh",
		"ntfy://ntfy.sh/hunter2?priority=hunter2", "ntfy://ntfy.sh/t?hunter2=1", "ntfy+https://ntfy.sh/hunter2",
		"discord://hunter2", "discord://hunter2@id?unheard=hunter2", "telegram://hunter2@telegram?chats=1", "telegram://123:hunter2@telegram",
		"slack://hunter2@webhook", "slack://hook:hunter2", "smtp://user:hunter2@host:25", "smtp://user:hunter2@host/?from=a",
		"pushover://hunter2", "pushbullet://hunter2", "matrix://host?rooms=hunter2&bad=hunter2",
		"generic+ftp://host/hunter2", "generic+hunter2://host", "generic:///hunter2", "generic+https:///hunter2", "generic:hunter2",
		"logger://", "logger://hunter2", "mattermost://host", "teams://hunter2", "opsgenie://host?key=hunter2", "zulip://hunter2@host",
		"pagerduty://host/hunter2", "lark://hunter2.example.org/hunter2", "xmpp://user:hunter2@host", "\x7fhunter2://x",
	} {
		n, err := notify.New(notify.Config{URLs: []string{address}})
		if n != nil || !errors.Is(err, notify.ErrURL) {
			t.Errorf("%q: got %v, want ErrURL", address, err)
			continue
		}
		wantNoSecret(t, err.Error())
		if !strings.Contains(err.Error(), "NOTIFY_URLS entry 1 ") || !strings.Contains(err.Error(), "accepted") {
			t.Errorf("%q: the error names no place, or nothing that is accepted: %v", address, err)
		}
	}
}

func TestNewRefusesBadConfigurations(t *testing.T) {
	t.Parallel()
	if n, err := notify.New(notify.Config{}); n != nil || !errors.Is(err, notify.ErrURL) {
		t.Errorf("no URLs: %v", err)
	}
	if n, err := notify.New(notify.Config{URLs: []string{"ntfy://ntfy.sh/topic"}, Timeout: -time.Second}); n != nil || err == nil {
		t.Error("a negative time-out was accepted")
	}
}

// TestMatrixIsNotAskedWhenItsURLIsChecked proves that New asks nobody: the library would log in.
func TestMatrixIsNotAskedWhenItsURLIsChecked(t *testing.T) {
	t.Parallel()
	box := serve(t, nil)
	open(t, time.Second, "matrix://user:hunter2@"+box.host()+"/?rooms=!room&disabletls=yes")
	if got := box.all(); len(got) != 0 {
		t.Errorf("it was asked %v", got)
	}
}

// TestFormsThatAreToldAreAccepted reads the forms that errors show, with plausible values in the place of the words.
func TestFormsThatAreToldAreAccepted(t *testing.T) {
	t.Parallel()
	values := strings.NewReplacer(
		"TOKEN-A-TOKEN-B-TOKEN-C", "AAAAAAAAA-BBBBBBBBB-123456789123456789123456", "WEBHOOK-ID", "1234", "!ROOM", "!room",
		"USER", "user", "PASSWORD", "pass", "HOST", "example.org", "TOPIC", "topic", "CHANNEL", "C001CH4NN3L",
		"ADDRESS", "a@example.org", "CHAT", "@chat", "PATH", "path",
	)
	tokens := map[string]string{
		"gotify": "AAAAAAAAAAAAAAA", "telegram": "123456789:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"slack": "123456789012-1234567890123-aaaaaaaaaaaaaaaaaaaaaaaa",
	}
	read := 0
	for service, form := range notify.Forms() {
		for _, address := range strings.FieldsFunc(form, func(r rune) bool { return r == ' ' || r == ',' }) {
			if !strings.Contains(address, "://") {
				continue
			}
			token, ok := tokens[service]
			if !ok {
				token = "token"
			}
			address = strings.ReplaceAll(values.Replace(address), "TOKEN", token)
			if _, err := notify.New(notify.Config{URLs: []string{address}}); err != nil {
				t.Errorf("%s is refused: %v", address, err)
			}
			read++
		}
	}
	if read < 10 {
		t.Errorf("only %d forms were read", read)
	}
}
