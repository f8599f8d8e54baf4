package clients

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"barkeep/store/storetest/servers"
)

// oldest is the lowest major version of Node.js that the packages run on.
const oldest = 20

// FindNode returns the version of the Node.js in PATH, such as v20.19.2. The error wraps servers.ErrMissing where there is none,
// or where it is too old.
func FindNode(ctx context.Context) (string, error) {
	const how = "install Node.js %d or later, with npm (Debian 13: apt-get install nodejs npm; macOS: brew install node)"
	out, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("Node.js is %w in PATH: "+how+": %w", servers.ErrMissing, oldest, err)
	}
	version := strings.TrimSpace(string(out))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if number, err := strconv.Atoi(major); err != nil || number < oldest {
		return "", fmt.Errorf("a Node.js that is not older than %d is %w in PATH, which has %s: "+how, oldest, servers.ErrMissing,
			version, oldest)
	}
	return version, nil
}

// FindNpm returns nil when npm runs. The error wraps servers.ErrMissing.
func FindNpm(ctx context.Context) error {
	if err := exec.CommandContext(ctx, "npm", "--version").Run(); err != nil {
		return fmt.Errorf("npm is %w in PATH: install it (Debian: apt-get install npm; macOS: brew install node), or set %s to a "+
			"folder node_modules made from tools/clients/package-lock.json: %w", servers.ErrMissing, EnvModules, err)
	}
	return nil
}

// FindPython returns the version of the python3 in PATH, such as 3.11.2. The error wraps servers.ErrMissing where there is none,
// or where it is older than the Python client needs (3.9).
func FindPython(ctx context.Context) (string, error) {
	const how = "install Python 3.9 or later (Debian: apt-get install python3; macOS: brew install python)"
	const ask = "import sys; print('%d.%d.%d' % sys.version_info[:3]); sys.exit(sys.version_info < (3, 9))"
	out, err := exec.CommandContext(ctx, "python3", "-c", ask).Output()
	if err != nil {
		return "", fmt.Errorf("a python3 that is not older than 3.9 is %w in PATH: "+how+": %w", servers.ErrMissing, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Pythons are those that may have packages: the one in PATH, and Debian's, which is the only one that Debian's packages are for.
func Pythons() []string { return []string{"python3", "/usr/bin/python3"} }

// FindPandas returns the path of the first of these Pythons that has the package pandas. The error wraps servers.ErrMissing where
// none has it.
func FindPandas(ctx context.Context, pythons []string) (string, error) {
	var all []error
	for _, name := range pythons {
		path, err := exec.LookPath(name)
		if err == nil {
			err = exec.CommandContext(ctx, path, "-c", "import pandas").Run()
		}
		if err == nil {
			return path, nil
		}
		all = append(all, err)
	}
	return "", fmt.Errorf("a python3 with pandas is %w: %w", servers.ErrMissing, errors.Join(all...))
}

// EnvChromium names the environment variable with the path of the browser.
const EnvChromium = "BARKEEP_TEST_CHROMIUM"

// browsers are the names under which a Chromium is installed: Debian's, Ubuntu's and Fedora's, Google's packages, and macOS's
// applications.
func browsers() []string {
	return []string{
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
		"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	}
}

// FindChromium returns the path of the browser: that of EnvChromium where it is set, else of the first of the usual names that
// runs. A name alone proves nothing: Ubuntu's chromium-browser is a script that asks for a snap. The error wraps
// servers.ErrMissing.
func FindChromium(ctx context.Context) (string, error) {
	names := browsers()
	if set := os.Getenv(EnvChromium); set != "" {
		names = []string{set}
	}
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err == nil && exec.CommandContext(ctx, path, "--version").Run() == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("Chromium is %w as %s: install Chromium or Chrome (Debian: apt-get install chromium; macOS: brew install "+
		"--cask google-chrome), or set %s to the path of one", servers.ErrMissing, strings.Join(names, ", "), EnvChromium)
}
