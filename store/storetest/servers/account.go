package servers

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that a server runs as; the zero value is the one who runs the tests.
type account struct{ credential *syscall.Credential }

// unprivileged returns the account for a server that refuses to run as root, as PostgreSQL does: that of the tests where
// it is not root, else postgres, else nobody.
func unprivileged() (account, error) {
	if os.Getuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			return accountOf(found)
		}
	}
	return account{}, fmt.Errorf("PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody")
}

func accountOf(found *user.User) (account, error) {
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("read the id of user %s: %w", found.Username, err)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("read the group of user %s: %w", found.Username, err)
	}
	return account{credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// folder makes a temporary folder that the account owns and can reach.
func (a account) folder(name string) (string, error) {
	parent := os.TempDir()
	if a.credential != nil && !reachable(parent) {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "barkeep-"+name+"-")
	if err != nil {
		return "", fmt.Errorf("make a folder for %s: %w", name, err)
	}
	if a.credential == nil {
		return dir, nil
	}
	if err := os.Chown(dir, int(a.credential.Uid), int(a.credential.Gid)); err != nil {
		return "", fmt.Errorf("give the folder to the user of %s: %w", name, removing(err, dir))
	}
	return dir, nil
}

// reachable tells whether anybody may pass through the folder and all that hold it.
func reachable(dir string) bool {
	const execute fs.FileMode = 0o001
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode()&execute == 0 {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}
