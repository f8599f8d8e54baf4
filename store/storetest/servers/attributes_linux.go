package servers

import "syscall"

// attributes puts a child into its own process group, under the account, and has the kernel send it the signal when the
// process that started it is gone, even if that was killed.
func attributes(user account, onDeath syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: user.credential, Pdeathsig: onDeath}
}
