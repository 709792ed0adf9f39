package cursor

import (
	"net/url"
	"strings"
	"testing"

	"heli/pkg/fault"
)

type place struct {
	N  int    `json:"n"`
	ID string `json:"i"`
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	want := place{N: -3, ID: "需要/+?&"}
	text := Encode(want)
	if url.QueryEscape(text) != text {
		t.Errorf("%q is not URL-safe", text)
	}
	var got place
	if ok, err := Decode(text, &got); !ok || err != nil || got != want {
		t.Errorf("got %v, %v, %v", got, ok, err)
	}
	if ok, err := Decode("", &got); ok || err != nil {
		t.Errorf("the empty cursor gave %v, %v", ok, err)
	}
}

func TestForeignCursors(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"%", "abc", Encode("text"), strings.Repeat("A", 2000), Encode(place{ID: strings.Repeat("x", 2000)})} {
		var got place
		if _, err := Decode(text, &got); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	for asked, want := range map[int]int{0: 50, 1: 1, 100: 100, 101: 0, -1: 0} {
		got, err := Limit(asked)
		if got != want || (want == 0) != fault.Is(err, fault.Invalid) {
			t.Errorf("%d: %d, %v", asked, got, err)
		}
	}
}
