// Command notify runs Heli's notify service alone.
package main

import (
	"heli/pkg/app"
	"heli/services/notify"
)

func main() { app.MainWith("notify", notify.Run) }
