package session

import (
	"net/netip"
	"strings"
)

// Visit is where somebody signs in from.
type Visit struct {
	Address string
	// Agent is what the browser calls itself.
	Agent string
	// Device is what the browser remembers of an account that it signed in to.
	Device string
}

// named is a part of what browsers call themselves with what people call it, the
// more telling first: most claim to be several.
type named struct{ part, name string }

func browsers() []named {
	return []named{
		{"MicroMessenger", "WeChat"}, {"Edg", "Edge"}, {"HuaweiBrowser", "Huawei Browser"}, {"SamsungBrowser", "Samsung Internet"},
		{"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS", "Firefox"}, {"CriOS", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
}

func systems() []named {
	return []named{
		{"HarmonyOS", "HarmonyOS"}, {"OpenHarmony", "HarmonyOS"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"},
		{"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
}

// Describe names browser and system, such as "Firefox · Windows"; empty for what
// is no browser.
func (v Visit) Describe() string {
	var parts []string
	for _, names := range [][]named{browsers(), systems()} {
		for _, n := range names {
			if strings.Contains(v.Agent, n.part) {
				parts = append(parts, n.name)
				break
			}
		}
	}
	return strings.Join(parts, " · ")
}

// network is the address without the part that tells households apart.
func (v Visit) network() string {
	address, err := netip.ParseAddr(v.Address)
	if err != nil {
		return "" // none is known
	}
	bits := 48
	if address = address.Unmap().WithZone(""); address.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(address, bits).Masked().String()
}
