//go:build unix && !linux

package servers

import "syscall"

// attributes puts a child into its own process group and under the account. Only Linux can signal it when its parent is
// gone; elsewhere the guard alone ends it.
func attributes(user account, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: user.credential}
}
