// Command offer runs Heli's offer service alone.
package main

import (
	"heli/pkg/app"
	"heli/services/offer"
)

func main() { app.MainWith("offer", offer.Run) }
