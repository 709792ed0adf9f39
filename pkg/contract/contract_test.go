package contract

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCodesSurviveTyping(t *testing.T) {
	for range 1000 {
		code := NewCode()
		got, ok := ParseCode(" " + code[:4] + " " + code[5:] + " ")
		if !ok || got != code {
			t.Fatalf("ParseCode(%q) = %q, %v", code, got, ok)
		}
	}
}

// One wrong letter, or two neighbours swapped, is always found.
func TestCheckLetterFindsSlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := []byte(NewCode())
		at := rapid.IntRange(0, 8).Draw(t, "at")
		if at >= 4 {
			at++ // the dash stays
		}
		other := codeAlphabet[rapid.IntRange(0, len(codeAlphabet)-1).Draw(t, "letter")]
		slip := code[at] != other
		code[at] = other
		if _, ok := ParseCode(string(code)); ok == slip {
			t.Fatalf("slip not found in %s", code)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		letters := []byte(strings.ReplaceAll(NewCode(), "-", ""))
		at := rapid.IntRange(0, 7).Draw(t, "swap")
		letters[at], letters[at+1] = letters[at+1], letters[at]
		if _, ok := ParseCode(string(letters)); ok != (letters[at] == letters[at+1]) {
			t.Fatalf("swap at %d not found in %s", at, letters)
		}
	})
}

func TestSightGoesUpOnly(t *testing.T) {
	city := Actor{Role: RoleCoordinator, Path: "root/shaanxi/xian/"}
	for path, want := range map[string]bool{
		"root/shaanxi/xian/":        true,
		"root/shaanxi/xian/beilin/": true,
		"root/shaanxi/":             false,
		"root/shaanxi/xianyang/":    false,
		"root/":                     false,
	} {
		if city.Sees(path) != want {
			t.Errorf("Sees(%q) = %v", path, !want)
		}
		inRange := path >= city.Path && path < PathEnd(city.Path)
		if inRange != want {
			t.Errorf("the range compare of %q = %v", path, inRange)
		}
	}
	if (Actor{Role: RolePublic}).Sees("root/") {
		t.Error("an actor without an organisation sees rows")
	}
}

func TestSubjectsFollowTheScheme(t *testing.T) {
	e := Event{Thing: ThingMatch, State: "proposed", Organisation: "xian"}
	if e.Subject() != "evt.match.proposed.xian" || e.Type() != "heli.match.proposed" {
		t.Errorf("subject %s, type %s", e.Subject(), e.Type())
	}
	if RequestSubmit.Service() != "request" || RequestSubmit.Verb() != "submit" {
		t.Errorf("endpoint %s", RequestSubmit.Subject)
	}
}
