package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"barkeep/app"
	"barkeep/notify"
	"barkeep/term"
)

// notifyCommand tries whether people are told.
type notifyCommand struct {
	Test bool `help:"Send one notice to every address of NOTIFY_URLS, ping HEARTBEAT_URL, and say what came back."`
}

// Help is the text below the flags.
func (c *notifyCommand) Help() string {
	return "It exits with 0 when all arrived, 4 when one did not, and 2 where none is configured. A heartbeat monitor has no ping " +
		"that means nothing: it takes the test for a run that succeeded, and its body says that it is none."
}

// Run carries the command out.
func (c *notifyCommand) Run(p *process) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	screen := screenOf(p.out)
	if len(s.config.NotifyURLs) == 0 && s.config.HeartbeatURL == "" {
		screen.Verdict(term.Bad, "nobody", "is told of anything: NOTIFY_URLS and HEARTBEAT_URL are not set")
		screen.Lines(term.LabelWidth, "NOTIFY_URLS=ntfy://ntfy.sh/TOPIC tells a phone (also discord://, telegram://, smtp:// and "+
			"others of shoutrrr, with commas between); HEARTBEAT_URL=https://hc-ping.com/UUID notices when the machine is dead. Set them in the "+
			"environment or in .env, and try again.")
		return exit(exitUsage)
	}
	if !c.Test {
		return misuse("say barkeep notify --test: it sends one notice to every address of NOTIFY_URLS (%d are set), and pings "+
			"HEARTBEAT_URL where that is set", len(s.config.NotifyURLs))
	}
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	text := fmt.Sprintf("Notices of Barkeep on %s arrive here. Somebody tried it at %s.", host, utc(s.now()))
	arrived, err := app.TryNotices(p.ctx, s.config, text)
	if err != nil {
		return err
	}
	return printArrivals(p, screen, arrived)
}

// printArrivals says for each address what came back, those first that did not get it.
func printArrivals(p *process, s *term.Screen, all []notify.Arrival) error {
	lost := 0
	for _, a := range all {
		if a.Err != nil {
			lost++
		}
	}
	if lost > 0 {
		s.Verdict(term.Bad, "lost", fmt.Sprintf("%d of %d did not arrive", lost, len(all)))
	} else {
		s.Verdict(term.Good, "arrived", fmt.Sprintf("all %d", len(all)))
	}
	for _, good := range []bool{false, true} {
		for _, a := range all {
			if (a.Err == nil) == good {
				printArrival(p, s, a)
			}
		}
	}
	if lost > 0 {
		return exit(exitFailed)
	}
	return nil
}

func printArrival(p *process, s *term.Screen, a notify.Arrival) {
	where := a.Name + ", " + p.secrets.Text(a.Where)
	took := "in " + term.Took(a.Took.Round(100*time.Millisecond))
	if a.Err == nil {
		s.Label(term.Good, "arrived", where+", "+took)
		return
	}
	_, why, _ := strings.Cut(a.Err.Error(), notify.ErrUndelivered.Error()+": ")
	s.Label(term.Bad, "lost", where+": "+p.secrets.Text(strings.TrimSuffix(why, ": context deadline exceeded"))+", "+took)
}
