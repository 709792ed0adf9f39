package risk

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"heli/pkg/word"
)

func TestSaidInThreeLanguages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Kind{
		// who may harm themselves
		"我真的不想活了，谁能陪我说说话":                           {SelfHarm},
		"我真的不想活了，誰能陪我說說話":                           {SelfHarm},
		"我唔想做人喇":                                    {SelfHarm},
		"隔离二十天了 想 死":                                {SelfHarm},
		"女儿有自杀的念头，求助":                               {SelfHarm},
		"母親寫了遺書，請幫忙":                                {SelfHarm},
		"我没有人可以说，一直想自杀":                             {SelfHarm},
		"活着没有意义":                                    {SelfHarm},
		"I don't want to live any more":             {SelfHarm},
		"I don’t want to live any more":             {SelfHarm},
		"thinking about KILLING MYSELF":             {SelfHarm},
		"My son is suicidal and needs somebody":     {SelfHarm},
		"nobody comes; I can't go on":               {SelfHarm},
		"self-harm":                                 {SelfHarm},
		"I have no food and no job. I want to die.": {SelfHarm},
		"I am not well. I want to die":              {SelfHarm},
		"自\u200b杀":                                  {SelfHarm},
		"ｓｕｉｃｉｄｅ":                                   {SelfHarm},
		// whom others hurt
		"丈夫喝酒后打我，孩子很害怕":                   {Violence},
		"封控在家遭受家暴":                        {Violence},
		"封控在家遭受家暴，求庇護":                    {Violence},
		"佢成日打我，唔敢返屋企":                     {Violence},
		"我被強姦了":                           {Violence},
		"老人被虐待":                           {Violence},
		"my husband beats me":             {Violence},
		"He threatened to kill us":        {Violence},
		"I was raped last night":          {Violence},
		"he won't let me leave the house": {Violence},
		"he hits me and I want to die":    {SelfHarm, Violence},
		"他天天打我，我不想活了":                     {SelfHarm, Violence},
		// none of both
		"":             nil,
		"急需 N95 口罩一千只": nil,
		"需要消毒杀菌和消杀人员":  nil,
		"有事请打我电话":      nil,
		"請打我手機":        nil,
		"没有自杀的想法，只是睡不着":                            nil,
		"我不会自杀":                                    nil,
		"没有发生家暴":                                   nil,
		"从未受到虐待":                                   nil,
		"需要预防自杀的宣传手册":                              nil,
		"I am not suicidal, only tired":            nil,
		"never thought of suicide... need to talk": {SelfHarm}, // better raised for nothing
		"he never hits me":                         nil,
		"no domestic violence here":                nil,
		"We need grapeseed oil and drapes":         nil,
		"a suicide prevention line wants laptops":  nil,
		"The flood took the bridge, we need rice":  nil,
	} {
		if got := Kinds(text); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestOneTextOfSeveralIsEnough(t *testing.T) {
	t.Parallel()
	if got := Kinds("需要帮助", "家暴"); !slices.Equal(got, []Kind{Violence}) {
		t.Errorf("got %v", got)
	}
}

func TestListIsWhole(t *testing.T) {
	t.Parallel()
	l := signs()
	seen := map[string]bool{}
	for _, s := range l.signs {
		if s.kind != SelfHarm && s.kind != Violence {
			t.Errorf("%q stands below %q", s.phrase, s.kind)
		}
		if seen[s.phrase] || s.phrase == "" || strings.ContainsAny(s.phrase, "!\n") {
			t.Errorf("%q is there twice or malformed", s.phrase)
		}
		seen[s.phrase] = true
		if got := Kinds(s.phrase); !slices.Contains(got, s.kind) {
			t.Errorf("%q is not found by itself: %v", s.phrase, got)
		}
		if s.phrase != plain(word.Fold(s.phrase)) {
			t.Errorf("%q is not folded", s.phrase)
		}
	}
	for _, phrase := range l.exempt {
		if got := Kinds(phrase); got != nil {
			t.Errorf("%q is a sign of %v", phrase, got)
		}
	}
}

// TestAnyText holds that any text is taken, and that what stands around a sign in a
// sentence of its own does not hide it.
func TestAnyText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		around := rapid.String().Draw(t, "around")
		if got := Kinds(around + "\n不想活了\n" + around); !slices.Contains(got, SelfHarm) {
			t.Fatalf("hidden by %q", around)
		}
	})
}

// TestPlainNeedsAreNotRaised reads real needs of 2020, of which none is about
// somebody in danger: a list that raised them would soon be looked at by nobody.
func TestPlainNeedsAreNotRaised(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../../cmd/heli/demo/relief/needs.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // read alone
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) < 1000 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		if got := Kinds(row...); got != nil {
			t.Errorf("%v in %q", got, row)
		}
	}
}
