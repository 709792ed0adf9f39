package word_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"heli/pkg/word"
)

func weights(text string) map[string]float32 {
	m := map[string]float32{}
	for _, t := range word.Terms(text) {
		m[t.Text] = t.Weight
	}
	return m
}

func TestTermsHold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text string
		has  []string
		not  []string
	}{
		{"Tents and tarpaulins", []string{"tent", "tarpaulin", "=tent", "=shelter"}, []string{"and", "tents"}},
		{"two rice bags", []string{"rice bag", "two rice", "=rice", "=food"}, nil},
		{"rice. Bags", []string{"rice", "bag"}, []string{"rice bag"}},
		{"bottled water", []string{"=water"}, nil},
		{"first aid kit", []string{"=first_aid", "=medical"}, nil},
		{"eye protection", []string{"=goggles", "=ppe"}, []string{"=eye_care"}},
		{"#WaterPurifier for all", []string{"water", "purifier", "=purifier", "=water"}, nil},
		{"500blankets and 20kg rice", []string{"500", "blanket", "=blanket", "20kg", "=rice"}, nil},
		{"$10 or €5 is enough", []string{"=money", "10"}, nil},
		{"food & water", []string{"=food", "=water", "food water"}, nil},
		{"O+ve donors", []string{"=blood"}, nil},
		{"call 98xxxx1234", []string{"call"}, []string{"98", "98xxxx1234", "xxxx1234"}},
		{"genrators, blankts and volunters", []string{"generator", "=power", "blanket", "=blanket", "volunteer"}, []string{"genrator", "blankt"}},
		{"a concert", []string{"concert"}, []string{"=building"}},
		{"stay safe, all of you", nil, []string{"=shelter"}},
		{"a place to stay", []string{"=shelter"}, nil},
		{"RT @aid_desk: see https://example.org/a?b=c &amp; mail a@b.org", []string{"see", "mail"}, []string{"rt", "aid", "https", "example", "amp", "org", "b.org"}},
		{"donating donated donation", []string{"donat"}, []string{"donation"}},
		{"call 13800138000 for 50 masks", []string{"50", "mask"}, []string{"13800138000"}},
		{"需要医用外科口罩", []string{"口罩", "外科", "=mask", "=ppe"}, []string{"需要", "要医"}},
		{"Ｎ９５口罩", []string{"n95", "=n95", "=mask"}, nil},
		{"帳篷", []string{"帐篷", "=tent", "=shelter"}, []string{"帳篷"}},
		{"我们的水", []string{"水"}, []string{"的水", "我们"}},
	} {
		t.Run(tc.text, func(t *testing.T) {
			t.Parallel()
			got := weights(tc.text)
			for _, term := range tc.has {
				if got[term] <= 0 {
					t.Errorf("%q is missing in %v", term, got)
				}
			}
			for _, term := range tc.not {
				if got[term] != 0 {
					t.Errorf("%q should not be in %v", term, got)
				}
			}
		})
	}
}

func TestTermsJoinScriptsAndLanguages(t *testing.T) {
	t.Parallel()
	for simplified, traditional := range map[string]string{
		"需要口罩和防护服": "需要口罩和防護服", "心理援助热线": "心理援助熱線", "药品与护目镜": "藥品與護目鏡",
		"发电机，应急灯": "發電機，應急燈", "帮老人买菜": "幫老人買菜",
	} {
		if d := cmp.Diff(word.Terms(simplified), word.Terms(traditional)); d != "" {
			t.Errorf("%s and %s differ:\n%s", simplified, traditional, d)
		}
	}
	for _, concept := range []struct{ name, english, chinese string }{
		{"=water", "bottled water", "矿泉水"}, {"=tent", "tarpaulin", "帐篷"}, {"=n95", "KN95 masks", "医用防护口罩"},
		{"=legal", "a lawyer", "律师"}, {"=psych", "counselling", "心理咨询"}, {"=oxygen", "oxygen concentrator", "制氧机"},
		{"=translation", "interpreters", "口译"}, {"=ambulance", "ambulance", "救护车"},
	} {
		if weights(concept.english)[concept.name] == 0 || weights(concept.chinese)[concept.name] == 0 {
			t.Errorf("%q and %q do not share %s", concept.english, concept.chinese, concept.name)
		}
	}
}

func TestRepetitionCountsLess(t *testing.T) {
	t.Parallel()
	once, thrice := weights("tent")["tent"], weights("tent tent tent")["tent"]
	if !(once < thrice && thrice < 3*once) {
		t.Errorf("once %v, thrice %v", once, thrice)
	}
}

func TestDoubtfulPhrasesCountLess(t *testing.T) {
	t.Parallel()
	if sure, doubtful := weights("sim card")["=telecom"], weights("phone")["=telecom"]; !(0 < doubtful && doubtful < sure) {
		t.Errorf("sure %v, doubtful %v", sure, doubtful)
	}
}

func TestFoldIsIdempotent(t *testing.T) {
	t.Parallel()
	if got := word.Fold("ＭＡＳＫ 口罩 護"); got != "mask 口罩 护" {
		t.Errorf("got %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("aÄＡ護护１ ﬁ乾後"))).Draw(t, "text")
		if once := word.Fold(text); word.Fold(once) != once {
			t.Fatalf("%q folds to %q, then to %q", text, once, word.Fold(once))
		}
	})
}

func TestTermsOfAnyText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		terms := word.Terms(text)
		if len(terms) > word.MaxTerms || !cmp.Equal(terms, word.Terms(text)) {
			t.Fatalf("%q gives %d terms, or not twice the same", text, len(terms))
		}
		for i, x := range terms {
			if x.Weight <= 0 || x.Text == "" || i > 0 && terms[i-1].Weight < x.Weight {
				t.Fatalf("bad term %v at %d", x, i)
			}
		}
	})
}

func TestTermsAreBounded(t *testing.T) {
	t.Parallel()
	var long strings.Builder
	for r := 'a'; r <= 'z'; r++ {
		for s := 'a'; s <= 'z'; s++ {
			long.WriteString("wor" + string(r) + string(s) + "k ")
		}
	}
	long.WriteString("tent")
	terms := word.Terms(long.String())
	isConcept := func(x word.Term) bool { return x.Text == "=tent" }
	if len(terms) != word.MaxTerms || !slices.ContainsFunc(terms, isConcept) {
		t.Errorf("got %d terms, concept kept: %v", len(terms), slices.ContainsFunc(terms, isConcept))
	}
}

func BenchmarkTerms(b *testing.B) {
	text := "Urgent need of drinking water, tarpaulins and dry food in ward 9; 急需医用外科口罩、防护服和消毒液"
	for b.Loop() {
		word.Terms(text)
	}
}
