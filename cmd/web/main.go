// Command web runs Heli's web service alone.
package main

import (
	"heli/pkg/app"
	"heli/services/web"
)

func main() { app.MainWith("web", web.Run, app.ReadyWithoutNATS()) }
