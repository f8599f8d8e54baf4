package notify_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"barkeep/ledger"
	"barkeep/notify"
)

func TestWhatNoticesSay(t *testing.T) {
	t.Parallel()
	failed := notice(0)
	partial := notice(0)
	partial.Kind, partial.Run.State, partial.Run.Reason = ledger.NoticePartial, ledger.StatePartial, "NQ 5m: HTTP 500"
	abandoned := notice(1) // 20:00 in Pacific is another date in UTC
	abandoned.Kind, abandoned.Run.Reason = ledger.NoticeAbandoned, "lease ended"
	summerSlot := ledger.NewSlot(ledger.JobMaintenance, time.Date(2026, 7, 1, 10, 30, 0, 0, time.UTC).In(slotOf(0).Local().Location()))
	summer := ledger.Notice{
		Kind: ledger.NoticeMissed, Slot: summerSlot,
		Run: ledger.Run{Reason: "no run of it was begun"},
	}
	unknown := ledger.Notice{
		Kind: ledger.NoticeMissed, Slot: ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22", Index: 7}, Text: "nobody\nran it",
	}
	mended := notice(0)
	mended.Kind, mended.Run.State, mended.Run.Reason = ledger.NoticeMended, ledger.StateDone, ""
	test := ledger.Notice{Kind: ledger.NoticeTest, Name: "a test notice", Text: "Notices of box arrive here."}
	several := ledger.Notice{Kind: ledger.NoticeSeveral, Slot: slotOf(0), Run: ledger.Run{Reason: "3 slots since 2026-11-20 14:05"}}
	clock := ledger.Notice{Kind: "wrong", Name: "the clock", Text: "it is 10 minutes ahead"}
	held := ledger.Notice{Kind: ledger.NoticeHeld, Name: "the answers for FB (listing)", Text: "type ETF, was EQUITY; see barkeep accept FB"}
	altered := ledger.Notice{Kind: ledger.NoticeAltered, Name: "the bars of a closed month", Text: "ES 1d"}
	for _, c := range []struct {
		notice      ledger.Notice
		title, text string
	}{
		{
			mended, "Barkeep: import of 2026-11-22 14:05 PST is there now",
			"The import of 2026-11-22 14:05 PST (22:05 UTC) is there now\nSince 2026-11-22 14:06 PST (run 123, attempt 2 on box).\n" +
				"Nothing is left to do.",
		},
		{
			test, "Barkeep: a test notice works",
			"Notices of box arrive here.\nNothing happened, and nothing is to be done.",
		},
		{
			altered, "Barkeep: the bars of a closed month are not what they were",
			"The bars of a closed month are not what they were: ES 1d\n" +
				"Something wrote over stored bars, or they are damaged: find out what before you restore a backup. This is not told again " +
				"while it lasts.",
		},
		{
			held, "Barkeep: the answers for FB (listing) are held back",
			"The answers for FB (listing) are held back: type ETF, was EQUITY; see barkeep accept FB\n" +
				"Nothing of these answers is stored, and what is stored stays as it is; the rest goes on. Whatever is held back is in " +
				"`barkeep status`. This is not told again while it lasts.",
		},
		{
			failed, wantTitle,
			wantFirst + "\nSince 2026-11-22 14:06 PST (run 123, attempt 2 on box).\n" +
				"Nothing to do yet: it is tried again by itself until the next slot, and you are told when it is there. If it lasts: " +
				"`barkeep runs 123`.",
		},
		{
			partial, "Barkeep: import of 2026-11-22 14:05 PST is partial",
			"The import of 2026-11-22 14:05 PST (22:05 UTC) is partial: NQ 5m: HTTP 500\n" +
				"Since 2026-11-22 14:06 PST (run 123, attempt 2 on box).\n" +
				"Nothing to do yet: what came is stored, the rest is tried again by itself until the next slot, and you are told when it is " +
				"there. If it lasts: `barkeep runs 123`.",
		},
		{
			abandoned, "Barkeep: import of 2026-11-22 20:00 PST was abandoned",
			"The import of 2026-11-22 20:00 PST (2026-11-23 04:00 UTC) was abandoned: lease ended\n" +
				"Since 2026-11-22 14:06 PST (run 123, attempt 2 on box).\n" +
				"Its process died, or could not record its end; what was stored is kept, and another one goes on. Should this come again, " +
				"look for what ends the process: memory, restarts, power, a full disk.",
		},
		{
			summer, "Barkeep: maintenance of 2026-07-01 03:30 PDT was missed",
			"The maintenance of 2026-07-01 03:30 PDT (10:30 UTC) was missed: no run of it was begun\n" +
				"Nothing tries it again. Get now what the provider still has: `barkeep sync --maintenance`.",
		},
		{
			several, "Barkeep: import of 2026-11-22 14:05 PST and others before it were missed",
			"The import of 2026-11-22 14:05 PST (22:05 UTC) and others before it were missed: 3 slots since 2026-11-20 14:05\n" +
				"Nothing tries it again. Get now what the provider still has: `barkeep sync`.",
		},
		{
			clock, "Barkeep: the clock is wrong",
			"The clock is wrong: it is 10 minutes ahead\nSee `barkeep status`.",
		},
		{
			unknown, "Barkeep: import of 2026-11-22 #7 was missed",
			"The import of 2026-11-22 #7 was missed: nobody ran it\n" +
				"Nothing tries it again. Get now what the provider still has: `barkeep sync`.",
		},
	} {
		if got := notify.Title(c.notice); got != c.title {
			t.Errorf("title %q, want %q", got, c.title)
		}
		if got := notify.Text(c.notice); got != c.text {
			t.Errorf("text\n%s\nwant\n%s", got, c.text)
		}
	}
}

// TestTextsFitEveryService holds for any reason: few lines, no control characters, shorter than what services refuse.
func TestTextsFitEveryService(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := notice(0)
		n.Run.Reason = rapid.StringN(0, 3000, -1).Draw(t, "reason") + rapid.SampledFrom([]string{"", "\xff", "\r\nX: y", "\x00"}).Draw(t, "odd")
		n.Run.Host = rapid.String().Draw(t, "host")
		title, text := notify.Title(n), notify.Text(n)
		if len([]rune(text)) > 1900 || !utf8.ValidString(text) || strings.Count(text, "\n") != 2 || title != wantTitle {
			t.Fatalf("%q, %q", title, text)
		}
		if strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), unicode.IsControl) {
			t.Fatalf("%q holds control characters", text)
		}
	})
}
