// Command matcher runs Heli's matcher service alone.
package main

import (
	"heli/pkg/app"
	"heli/services/matcher"
)

func main() { app.Main("matcher", matcher.Run) }
