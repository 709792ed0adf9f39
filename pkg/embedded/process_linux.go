package embedded

import "syscall"

// diesWithParent says that the kernel ends the server when Heli dies.
const diesWithParent = true

// processAttributes make the server a group of its own, so that Ctrl-C reaches
// Heli alone, and let the kernel send it a fast shutdown when the thread that
// started it ends.
func processAttributes(a account) *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	if a.switched {
		attributes.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attributes
}
