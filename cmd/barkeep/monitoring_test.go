package main_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"barkeep/ledger"
	"barkeep/market"
)

// TestMonitoringAsksForWhatIsExported holds the dashboard and the alert rules to the metrics of a worker that has imported: each
// metric that an expression names is exported, and has each label that the expression names, with each value that it compares
// with.
func TestMonitoringAsksForWhatIsExported(t *testing.T) {
	t.Parallel()
	fake := provider(t, []string{when})
	env := append(slotEnv(t, engines(t)[0], fake, "REDIS_URL="+redisURL(t), "LOG_LEVEL=info")(0), when)
	barkeep(t, env, "sync").must(t, 0)
	worker := serve(t, env)
	fetch(t, worker.url+"/healthz") // answers are counted once there was one
	_, text := fetch(t, worker.url+"/metrics")
	exported := exportedMetrics(string(text))
	asked := append(dashboardExpressions(t), ruleExpressions(t)...)
	if len(asked) < 20 {
		t.Errorf("%d expressions; are they read at all?", len(asked))
	}
	for _, expr := range asked {
		for _, fault := range exported.faults(expr) {
			t.Errorf("%s: %s", expr, fault)
		}
	}
	if got := exported.faults(`barkeep_slot_done{job="export"} + barkeep_nothing + sum by (colour) (barkeep_held_back)`); len(got) != 3 {
		t.Errorf("of an expression with three faults there were found %q", got)
	}
}

// metricsSeen are the labels of metrics and their values.
type metricsSeen map[string]map[string][]string

func exportedMetrics(text string) metricsSeen {
	seen := metricsSeen{}
	for _, m := range regexp.MustCompile(`(?m)^(barkeep_\w+)(?:\{(.*)\})? `).FindAllStringSubmatch(text, -1) {
		if seen[m[1]] == nil {
			seen[m[1]] = map[string][]string{"instance": nil} // Prometheus adds it
		}
		for _, l := range regexp.MustCompile(`(\w+)="([^"]*)"`).FindAllStringSubmatch(m[2], -1) {
			seen[m[1]][l[1]] = append(seen[m[1]][l[1]], l[2])
		}
	}
	// What has not happened here yet: every reason of a gap, every end of a run.
	for _, reason := range market.GapReasons() {
		seen["barkeep_gap_bars"]["reason"] = append(seen["barkeep_gap_bars"]["reason"], string(reason))
	}
	for _, state := range []ledger.State{ledger.StateDone, ledger.StateFailed} {
		of := seen["barkeep_last_run_finished_timestamp_seconds"]
		of["state"] = append(of["state"], string(state))
	}
	return seen
}

func (m metricsSeen) faults(expr string) (faults []string) {
	labels := map[string]bool{}
	for _, found := range regexp.MustCompile(`(barkeep_\w+)(?:\{([^}]*)\})?`).FindAllStringSubmatch(expr, -1) {
		of, ok := m[found[1]]
		if !ok {
			faults = append(faults, found[1]+" is not exported")
			continue
		}
		for name := range of {
			labels[name] = true
		}
		for _, l := range regexp.MustCompile(`(\w+)=~?"([^"]*)"`).FindAllStringSubmatch(found[2], -1) {
			for value := range strings.SplitSeq(l[2], "|") {
				if !slices.Contains(of[l[1]], value) {
					faults = append(faults, found[1]+" has no "+l[1]+` "`+value+`"`)
				}
			}
		}
	}
	for _, by := range regexp.MustCompile(`by \(([^)]*)\)`).FindAllStringSubmatch(expr, -1) {
		for name := range strings.SplitSeq(by[1], ",") {
			if name = strings.TrimSpace(name); !labels[name] {
				faults = append(faults, "there is no label "+name)
			}
		}
	}
	return faults
}

// dashboardExpressions are those of all panels. Panels stand beside and below one another, each with a title of its own.
func dashboardExpressions(t *testing.T) (all []string) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/monitoring/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	type place struct{ X, Y, W, H int }
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos place
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	taken := map[[2]int]string{}
	for _, p := range dashboard.Panels {
		at := p.GridPos
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("panel %q lies on %q, or leaves the 24 columns", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, target := range p.Targets {
			all = append(all, target.Expr)
		}
	}
	return all
}

// ruleExpressions are those of the alert rules. Each alert says in words what happened, and the operator's page knows it.
func ruleExpressions(t *testing.T) (all []string) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/monitoring/barkeep.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	known := page(t)
	for _, rule := range regexp.MustCompile(`(?m)^ +- alert: (\w+).*\n +expr: (.*)\n(?:.+\n)*? +summary: .+\n +description: .+`).FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(known, "`"+rule[1]+"`") {
			t.Errorf("docs/OPERATIONS.md does not explain the alert %s", rule[1])
		}
		all = append(all, rule[2])
	}
	if n := strings.Count(string(text), "- alert:"); n != len(all) {
		t.Errorf("%d of %d alerts have an expression, a summary and a description", len(all), n)
	}
	return all
}
