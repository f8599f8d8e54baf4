package deploy_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// instruction is one of a Dockerfile, with its continuation lines joined.
type instruction struct{ name, rest string }

// stage is a FROM and what follows it; the last one has no name.
type stage struct {
	name, from   string
	instructions []instruction
}

// parseDockerfile reads the stages of the Dockerfile.
func parseDockerfile(path string) ([]stage, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var stages []stage
	plain := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(string(content), "")
	for line := range strings.SplitSeq(regexp.MustCompile(`\\\n\s*`).ReplaceAllString(plain, ""), "\n") {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case name == "":
		case name == "FROM":
			words := strings.Fields(regexp.MustCompile(`--\S+ `).ReplaceAllString(rest, ""))
			s := stage{from: words[0]}
			if len(words) == 3 {
				s.name = words[2]
			}
			stages = append(stages, s)
		case len(stages) > 0:
			last := &stages[len(stages)-1]
			last.instructions = append(last.instructions, instruction{name, rest})
		}
	}
	return stages, nil
}

// find is the stage of a name.
func find(stages []stage, name string) (stage, error) {
	if i := slices.IndexFunc(stages, func(s stage) bool { return s.name == name }); i >= 0 {
		return stages[i], nil
	}
	return stage{}, fmt.Errorf("the Dockerfile has no stage %q", name)
}

// image is what the Dockerfile makes: a root file system, and how a container of it starts.
type image struct {
	root       string
	env        map[string]string
	user       string
	entrypoint []string
	command    []string
	check      []string
}

// buildImage carries out the Dockerfile's own commands for this machine, in the project's folder, with scratch as the last
// stage's base. Docker's part, which is the base image and the layers, is replaced by this machine and folders below dir.
func buildImage(dir, version string) (*image, error) {
	stages, err := parseDockerfile(filepath.Join("..", "Dockerfile"))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"toolchain", "source"} {
		s, err := find(stages, name)
		if err != nil {
			return nil, err
		}
		for _, in := range s.instructions {
			if in.name != "RUN" || strings.Contains(in.rest, "go mod download") {
				continue // copying the source and filling caches is not needed here
			}
			if err := runStep(dir, version, in.rest); err != nil {
				return nil, err
			}
		}
	}
	last := stages[len(stages)-1]
	if last.from != "scratch" {
		return nil, fmt.Errorf("the image is made from %s: its content would be unknown here", last.from)
	}
	made := &image{root: filepath.Join(dir, "image"), env: map[string]string{}}
	if err := os.Mkdir(made.root, 0o755); err != nil {
		return nil, err
	}
	for _, in := range last.instructions {
		if err := made.take(dir, in); err != nil {
			return nil, fmt.Errorf("%s %s: %w", in.name, in.rest, err)
		}
	}
	return made, nil
}

// runStep runs a RUN instruction by sh, with the stages' folders below dir.
func runStep(dir, version, command string) error {
	command = regexp.MustCompile(`--mount=\S+\s*`).ReplaceAllString(command, "")
	command = regexp.MustCompile(`/(rootfs|folders)/`).ReplaceAllString(command, dir+"/$1/")
	run := exec.Command("sh", "-euc", command)
	run.Dir = ".."
	run.Env = append(os.Environ(), "TARGETOS=linux", "TARGETARCH="+runtime.GOARCH, "VERSION="+version, "RELEASED=2026-11-22T22:43:49Z")
	if out, err := run.CombinedOutput(); err != nil {
		return fmt.Errorf("RUN %s: %w\n%s", command, err, out)
	}
	return nil
}

// take carries out an instruction of the last stage.
func (m *image) take(dir string, in instruction) error {
	words := strings.Fields(in.rest)
	switch in.name {
	case "COPY":
		return m.copy(dir, words)
	case "ENV":
		for _, pair := range words {
			key, value, _ := strings.Cut(pair, "=")
			m.env[key] = value
		}
	case "USER":
		m.user = in.rest
	case "ENTRYPOINT":
		m.entrypoint = list(in.rest)
	case "CMD":
		m.command = list(in.rest)
	case "HEALTHCHECK":
		_, test, ok := strings.Cut(in.rest, "CMD ")
		if !ok {
			return errors.New("no CMD")
		}
		m.check = list(test)
	case "ARG", "LABEL", "VOLUME", "EXPOSE":
	default:
		return errors.New("this test does not know the instruction")
	}
	return nil
}

// copy copies a folder of a stage's, with --chown where it is given.
func (m *image) copy(dir string, words []string) error {
	owner := "0:0"
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		if value, ok := strings.CutPrefix(words[0], "--chown="); ok {
			owner = value
		}
		words = words[1:]
	}
	// The content of a folder is copied, not the folder: its mode is lost, as with Docker.
	from, to := filepath.Join(dir, words[0])+"/.", filepath.Join(m.root, words[1])
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	if out, err := exec.Command("cp", "-a", "--no-preserve=ownership", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	if words[1] != "/" {
		if err := os.Chmod(to, 0o755); err != nil {
			return err
		}
	}
	if os.Getuid() != 0 || owner == "0:0" {
		return nil // only root can give files away; nothing is started as another user then
	}
	return exec.Command("chown", "-R", owner, to).Run()
}

// list reads ["a", "b"].
func list(text string) []string {
	var words []string
	for _, m := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(text, -1) {
		words = append(words, m[1])
	}
	return words
}

// TestImageHoldsTheProgramAndNothingElse looks at what the Dockerfile makes.
func TestImageHoldsTheProgramAndNothingElse(t *testing.T) {
	t.Parallel()
	var files []string
	if err := filepath.WalkDir(built.root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, strings.TrimPrefix(path, built.root))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"/barkeep", "/etc/group", "/etc/passwd", "/etc/ssl/certs/ca-certificates.crt"}
	if slices.Sort(files); !slices.Equal(files, want) {
		t.Errorf("the image holds %v, want %v", files, want)
	}
	if info, err := os.Stat(filepath.Join(built.root, "tmp")); err != nil || info.Mode() != os.ModeDir|os.ModeSticky|0o777 {
		t.Errorf("/tmp is %v (%v): the image's user cannot write there", info.Mode(), err)
	}
	if built.user != "65532:65532" || !slices.Equal(built.entrypoint, []string{"/barkeep"}) || !slices.Equal(built.command, []string{"serve"}) {
		t.Errorf("it starts as %s, %v %v", built.user, built.entrypoint, built.command)
	}
	if !slices.Equal(built.check, []string{"/barkeep", "health"}) {
		t.Errorf("its health check is %v", built.check)
	}
	said, err := exec.CommandContext(t.Context(), filepath.Join(built.root, "barkeep"), "version").Output()
	if err != nil || strings.TrimSpace(string(said)) != "barkeep "+imageVersion {
		t.Errorf("its version is %q (%v), want %s", said, err, imageVersion)
	}
	if out, err := exec.CommandContext(t.Context(), "ldd", filepath.Join(built.root, "barkeep")).CombinedOutput(); err == nil {
		t.Errorf("the program is not static:\n%s", out)
	}
}

// TestImageIsBuiltAsMakeBuildDoes holds the flags of the Dockerfile, the Makefile and the release to each other.
func TestImageIsBuiltAsMakeBuildDoes(t *testing.T) {
	t.Parallel()
	for file, stamps := range map[string][2]string{
		"Dockerfile": {"$VERSION", "$RELEASED"}, "Makefile": {"$(VERSION)", "$(RELEASED)"},
		".goreleaser.yaml": {"{{ .Version }}", "{{ .CommitDate }}"},
	} {
		content := text(t, file)
		stamped := "-s -w -X main.version=" + stamps[0] + " -X main.released=" + stamps[1]
		for _, want := range []string{"-trimpath", stamped, "CGO_ENABLED=0"} {
			if !strings.Contains(content, want) {
				t.Errorf("%s lacks %s", file, want)
			}
		}
	}
	if gomod, docker := text(t, "go.mod"), text(t, "Dockerfile"); !strings.Contains(docker, "golang:"+goVersion(gomod)+"-") {
		t.Errorf("the Dockerfile does not build with Go %s of go.mod", goVersion(gomod))
	}
}

// goVersion is the language version of go.mod, 1.26.
func goVersion(gomod string) string {
	return regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(gomod)[1]
}

// TestContextHoldsWhatTheBuildNeeds: what .dockerignore leaves out cannot be missing, and a secret cannot be in it.
func TestContextHoldsWhatTheBuildNeeds(t *testing.T) {
	t.Parallel()
	var kept []string
	for line := range strings.SplitSeq(text(t, ".dockerignore"), "\n") {
		if name, ok := strings.CutPrefix(line, "!"); ok {
			kept = append(kept, name)
		}
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./cmd/barkeep")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		if name, ok := strings.CutPrefix(path, "barkeep/"); ok {
			if room, _, _ := strings.Cut(name, "/"); !slices.Contains(kept, room) {
				t.Errorf("the build needs %s, which .dockerignore leaves out", path)
			}
		}
	}
	for _, name := range kept {
		if strings.HasPrefix(name, ".") || name == "secrets" || name == "data" {
			t.Errorf(".dockerignore sends %s to the builder", name)
		}
	}
}
