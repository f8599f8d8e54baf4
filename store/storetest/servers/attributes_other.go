//go:build unix && !linux

package servers

import "syscall"

// attributes puts a child into its own process group and under the account. Only Linux can signal it when its parent is
// gone; elsewhere the guard alone ends it.
func attributes(user account, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: user.credential}
}

// children are not told by other kernels in a way that holds for all; there a killed server's may live a moment longer.
func children(int) []int { return nil }
