package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"barkeep/market"
)

// askBash sources the script $1 and completes the last of the words that follow, with the function that the script
// registered.
const askBash = `source "$1"; shift
read -r _ _ function name <<<"$(complete -p barkeep)"
[[ $name == barkeep ]] || exit 9
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
"$function" "$name" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
[[ ${#COMPREPLY[@]} == 0 ]] || printf '%s\n' "${COMPREPLY[@]}"`

// completionScript writes the script for a shell into a file, where its package would put it.
func completionScript(t *testing.T, shell string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "barkeep")
	script := barkeep(t, nil, "completion", shell).must(t, 0).stdout
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ask runs a shell and returns the lines it prints; what it says on stderr is a fault of the script.
func ask(t *testing.T, dir, shell string, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shell, args...)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v\n%s", shell, err, &stderr)
	}
	return strings.Fields(stdout.String())
}

// allTimeframes is what --timeframe accepts, as text.
func allTimeframes() string {
	names := make([]string, 0, 17)
	for _, t := range market.Timeframes() {
		names = append(names, string(t))
	}
	return strings.Join(names, " ")
}

func TestBashCompletes(t *testing.T) {
	t.Parallel()
	script := completionScript(t, "bash")
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "my bars"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ words, want string }{
		{"sy|", "sync"},
		{"sync|--time", "--timeframe"},
		{"sync|--ba", "--backfill"},
		{"sync|--timeframe|", allTimeframes()},
		{"sync|--timeframe|9", "90m"},
		{"sync|--timeframe|1m,1", "1m,15m 1m,1h 1m,12h 1m,1d 1m,1wk 1m,1mo"},
		{"sync|--timeframe|=|12", "12h"},
		{"sync|--timeframe|=", allTimeframes()},
		{"sync|--timeframe|1d|--de", "--deep"},
		{"sync|--instrument|E", ""}, // whatever the market has
		{"demo|--bars|m", "my bars"},
		{"provider|--bars|m", "my bars"},
		{"--help|sy", "sync"},
		{"completion|", "bash zsh fish --help"},
		{"calendar|re", "remove"},
		{"calendar|add|XNYS|2027-01-15|--cl", "--close"},
		{"status|--timeframe", ""}, // a flag of another command
		{"nothing|--", ""},
	} {
		words := strings.Split(strings.TrimSuffix(tt.words, "|"), "|")
		if strings.HasSuffix(tt.words, "|") && tt.words != "sy|" {
			words = append(words, "")
		}
		args := append([]string{"--norc", "--noprofile", "-c", askBash, "bash", script, "barkeep"}, words...)
		if got := strings.Join(ask(t, dir, "bash", args...), " "); got != tt.want {
			t.Errorf("%q completes to %q, want %q", words, got, tt.want)
		}
	}
}

// TestCompletionKnowsWhatHelpLists asks barkeep itself what there is, and looks for it in each script.
func TestCompletionKnowsWhatHelpLists(t *testing.T) {
	t.Parallel()
	commands := regexp.MustCompile(`(?m)^  ([a-z]+) `).FindAllStringSubmatch(barkeep(t, nil, "--help").must(t, 0).stdout, -1)
	if len(commands) < 10 {
		t.Fatalf("--help lists %q", commands)
	}
	script := completionScript(t, "bash")
	for _, command := range commands {
		found := ask(t, "/", "bash", "--norc", "--noprofile", "-c", askBash, "bash", script, "barkeep", command[1])
		if !slices.Contains(found, command[1]) {
			t.Errorf("bash does not know %s", command[1])
		}
		flags := regexp.MustCompile(`--[a-z-]+`)
		known := ask(t, "/", "bash", "--norc", "--noprofile", "-c", askBash, "bash", script, "barkeep", command[1], "--")
		for line := range strings.Lines(barkeep(t, nil, command[1], "--help").must(t, 0).stdout) {
			flag := flags.FindString(line)
			if strings.HasPrefix(strings.TrimSpace(line), "-") && !slices.Contains(known, flag) {
				t.Errorf("bash does not know %s of %s: it offers %q", flag, command[1], known)
			}
		}
	}
}

func TestFishCompletes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("fish"); err != nil {
		t.Skip("fish is not installed, and the suite does not install it")
	}
	script := completionScript(t, "fish")
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bars"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ line, want string }{
		{"barkeep sy", "sync"},
		{"barkeep sync --time", "--timeframe"},
		{"barkeep sync --timeframe 9", "90m"},
		{"barkeep sync --timeframe 1m,9", "1m,90m"},
		{"barkeep sync --timeframe=9", "--timeframe=90m"},
		{"barkeep sync --instrument E", ""},
		{"barkeep demo --bars b", "bars/"},
		{"barkeep completion f", "fish"},
		{"barkeep runs b", ""}, // no file names where none are taken
	} {
		ask(t, dir, "fish", "--no-execute", script)
		got := ask(t, dir, "fish", "--no-config", "-c", `source $argv[1]; complete -C $argv[2] | string replace -r '\t.*' ''; true`, script, tt.line)
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%q completes to %q, want %q", tt.line, got, tt.want)
		}
	}
}

// askZsh types the line $2 and a tab in an interactive zsh with the script $1, and prints what the line has become. The
// widget says so itself, since a terminal's output is for eyes.
const askZsh = `zmodload zsh/zpty zsh/zselect
zpty shell zsh -f -i
zpty -w shell "PROMPT=; autoload -Uz compinit && compinit -u -D && source ${(q)1}"
zpty -w shell 'tell() { zle complete-word; print -r -- "<<$BUFFER>>" >$HOME/told; }; zle -N tell; bindkey "^I" tell; : >$HOME/ready'
until [[ -e $HOME/ready ]]; do zpty -r -t shell >/dev/null || zselect -t 1; done
zpty -w -n shell "$2"$'\t'
until [[ -s $HOME/told ]]; do zpty -r -t shell >/dev/null || zselect -t 1; done
cat $HOME/told`

func TestZshCompletes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("zsh"); err != nil {
		t.Skip("zsh is not installed, and the suite does not install it")
	}
	script := completionScript(t, "zsh")
	for _, tt := range []struct{ line, want string }{
		{"barkeep sy", "<<barkeep sync >>"},
		{"barkeep sync --time", "<<barkeep sync --timeframe=>>"},
		{"barkeep sync --timeframe 9", "<<barkeep sync --timeframe 90m,>>"}, // zsh takes the comma back before a space
		{"barkeep sync --timeframe=1m,9", "<<barkeep sync --timeframe=1m,90m,>>"},
		{"barkeep completion f", "<<barkeep completion fish >>"},
	} {
		got := ask(t, t.TempDir(), "zsh", "-f", "-c", askZsh, "zsh", script, tt.line)
		if strings.TrimSpace(strings.Join(got, " ")) != tt.want {
			t.Errorf("%q completes to %q, want %q", tt.line, got, tt.want)
		}
	}
}
