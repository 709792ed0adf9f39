// Command directory runs Heli's directory service alone.
package main

import (
	"heli/pkg/app"
	"heli/services/directory"
)

func main() { app.MainWith("directory", directory.Run) }
