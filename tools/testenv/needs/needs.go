// Package needs makes sure of what the tests cannot run without: PostgreSQL, Redis, Node.js with the packages of tools/clients,
// a Chromium, Python and, for the race detector, a C compiler.
package needs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"barkeep/store/storetest/servers"
	"barkeep/tools/clients"
)

// Needs says what to make sure of, and how.
type Needs struct {
	// Race asks for a C compiler.
	Race bool
	// Node asks for Node.js and the packages of tools/clients, and for curl.
	Node bool
	// Chromium asks for a browser, in which the tests look at the page.
	Chromium bool
	// Python asks for a python3 that the Python client runs on.
	Python bool
	// Pandas are Pythons of which one should have pandas; none asks for nothing. Where apt-get cannot bring it, that is no error.
	Pandas []string
	// Policy is the file that keeps Debian from starting the services it installs: /usr/sbin/policy-rc.d.
	Policy string
	// Log receives a line for each thing that is found, one before and after an installation, and what the installation prints.
	Log io.Writer
}

// Programs says where things are: the folder of initdb and postgres and the path of redis-server, or servers.Docker; and, where
// they were asked for, the folder node_modules of the packages and the path of the browser.
type Programs struct{ Postgres, Redis, Modules, Chromium string }

// Ensure finds what is installed, else installs it with apt-get where that is allowed, else settles for Docker. The error has
// one sentence for each thing that is still missing, with the ways to get it.
func (n Needs) Ensure(ctx context.Context) (Programs, error) {
	if packages := n.missing(ctx); len(packages) > 0 {
		if err := n.install(ctx, packages); err != nil {
			fmt.Fprintf(n.Log, "testenv: %v\n", err)
		}
	}
	var found Programs
	var errs [6]error
	found.Postgres, errs[0] = servers.FindPostgres(ctx)
	found.Redis, errs[1] = servers.FindRedis(ctx)
	n.report("PostgreSQL in "+found.Postgres, errs[0])
	n.report("Redis as "+found.Redis, errs[1])
	if n.Race {
		errs[2] = compiler(ctx)
		n.report("a C compiler for the race detector", errs[2])
	}
	if n.Node {
		found.Modules, errs[3] = n.node(ctx)
	}
	if n.Python {
		var version string
		version, errs[4] = clients.FindPython(ctx)
		n.report("Python "+version, errs[4])
	}
	if len(n.Pandas) > 0 {
		path, err := clients.FindPandas(ctx, n.Pandas)
		if n.report("pandas, of "+path, err); err != nil {
			fmt.Fprintln(n.Log, "testenv: no Python here has pandas: what needs it is not run")
		}
	}
	if n.Chromium {
		found.Chromium, errs[5] = clients.FindChromium(ctx)
		n.report("a Chromium as "+found.Chromium, errs[5])
	}
	return found, errors.Join(errs[:]...)
}

// node returns the folder of the packages, which it installs where they are not there yet.
func (n Needs) node(ctx context.Context) (string, error) {
	version, err := clients.FindNode(ctx)
	n.report("Node.js "+version, err)
	if err != nil {
		return "", err
	}
	modules, err := clients.Install(ctx, n.Log)
	n.report("the npm packages of the tests in "+modules, err)
	return modules, err
}

// report logs what was found; what was not is in the error that Ensure returns.
func (n Needs) report(what string, err error) {
	if err == nil {
		fmt.Fprintln(n.Log, "testenv: found", what)
	}
}

// missing lists the Debian packages of what is not installed. What the user placed by a variable is the user's to repair.
func (n Needs) missing(ctx context.Context) []string {
	var packages []string
	if _, err := servers.InstalledPostgres(ctx); err != nil && os.Getenv(servers.EnvPostgres) == "" {
		packages = append(packages, "postgresql")
	}
	if _, err := servers.InstalledRedis(ctx); err != nil && os.Getenv(servers.EnvRedis) == "" {
		packages = append(packages, "redis-server")
	}
	if n.Race && os.Getenv("CC") == "" && compiler(ctx) != nil {
		packages = append(packages, "gcc", "libc6-dev")
	}
	if _, err := clients.FindNode(ctx); n.Node && err != nil {
		packages = append(packages, "nodejs")
	}
	if n.Node && os.Getenv(clients.EnvModules) == "" && clients.FindNpm(ctx) != nil {
		packages = append(packages, "npm")
	}
	if n.Chromium && os.Getenv(clients.EnvChromium) == "" {
		if _, err := clients.FindChromium(ctx); err != nil {
			packages = append(packages, "chromium")
		}
	}
	if _, err := clients.FindPython(ctx); n.Python && err != nil {
		packages = append(packages, "python3")
	}
	if _, err := clients.FindPandas(ctx, n.Pandas); len(n.Pandas) > 0 && err != nil {
		packages = append(packages, "python3-pandas")
	}
	if _, err := exec.LookPath("curl"); n.Node && err != nil { // which is a client, too
		packages = append(packages, "curl")
	}
	return packages
}

// compiler returns nil when the C compiler that Go uses finds the headers of the C library.
func compiler(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "go", "env", "CC").Output()
	if err != nil {
		return fmt.Errorf("ask go for its C compiler: %w", err)
	}
	cc := strings.Fields(string(out))
	if len(cc) == 0 {
		return errors.New("go env CC is empty: set CC to a C compiler, which the race detector needs")
	}
	command := exec.CommandContext(ctx, cc[0], append(cc[1:], "-x", "c", "-fsyntax-only", "-")...)
	command.Stdin = strings.NewReader("#include <stdlib.h>\n")
	if err := command.Run(); err != nil {
		return fmt.Errorf("the C compiler %s, which the race detector needs, is %w: install it (Debian: apt-get install gcc "+
			"libc6-dev; macOS: xcode-select --install), or set CC", cc[0], errors.Join(servers.ErrMissing, err))
	}
	return nil
}
