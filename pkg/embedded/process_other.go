//go:build unix && !linux

package embedded

import "syscall"

// diesWithParent says that nothing ends the server when Heli dies: the next
// start does.
const diesWithParent = false

// processAttributes make the server a group of its own, so that Ctrl-C reaches
// Heli alone.
func processAttributes(a account) *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if a.switched {
		attributes.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attributes
}
