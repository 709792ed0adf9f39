// Command request runs Heli's request service alone.
package main

import (
	"heli/pkg/app"
	"heli/services/request"
)

func main() { app.MainWith("request", request.Run) }
