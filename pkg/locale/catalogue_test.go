package locale_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/locale"
)

var placeholder = regexp.MustCompile(`\{\{\s*\.([A-Za-z_]+)\s*\}\}`)

// texts returns every text of a language by key, the plural forms joined, and
// the file that each key is in.
func texts(t *testing.T, lang locale.Language) (byKey, areas map[string]string) {
	t.Helper()
	byKey, areas = map[string]string{}, map[string]string{}
	names, err := filepath.Glob(filepath.Join(string(lang), "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no files of %s: %v", lang, err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var flat map[string]any
		if err := json.Unmarshal(raw, &flat); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for key, value := range flat {
			byKey[key], areas[key] = joined(t, key, value), filepath.Base(name)
		}
	}
	return byKey, areas
}

func joined(t *testing.T, key string, value any) string {
	t.Helper()
	switch text := value.(type) {
	case string:
		return text
	case map[string]any:
		var forms []string
		for _, form := range text {
			forms = append(forms, form.(string))
		}
		slices.Sort(forms)
		return strings.Join(forms, "\n")
	default:
		t.Fatalf("%s is neither a text nor plural forms", key)
		return ""
	}
}

func placeholders(text string) []string {
	names := []string{}
	for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestLanguagesHaveTheSameKeysAndPlaceholders(t *testing.T) {
	t.Parallel()
	english, areas := texts(t, locale.English)
	for _, lang := range []locale.Language{locale.Simplified, locale.Traditional} {
		other, otherAreas := texts(t, lang)
		if diff := cmp.Diff(areas, otherAreas); diff != "" {
			t.Errorf("keys or their files differ between en and %s (-en +%s):\n%s", lang, lang, diff)
		}
		for key, text := range english {
			if diff := cmp.Diff(placeholders(text), placeholders(other[key])); diff != "" {
				t.Errorf("%s: placeholders of %s differ:\n%s", lang, key, diff)
			}
		}
	}
}

func TestTextsAreClean(t *testing.T) {
	t.Parallel()
	for _, lang := range locale.Languages() {
		byKey, _ := texts(t, lang)
		for key, text := range byKey {
			if text == "" || key != "list.separator" && strings.TrimSpace(text) != text {
				t.Errorf("%s: %s is empty or has spaces around it", lang, key)
			}
			if rest := placeholder.ReplaceAllString(text, ""); strings.ContainsAny(rest, "{}<>") {
				t.Errorf("%s: %s has a broken placeholder or markup: %q", lang, key, text)
			}
		}
	}
}

// Frequent characters that one script has and the other does not.
const (
	simplifiedOnly = "们这个说时间应该请务实现发关进对动员与为从会体过还给让项电话证码链网络资讯联认确审处经历录级题" +
		"类数据传页见线终结组织约计设记许语谁调谢变账负责费质购车转载输边达运远连迟适选释门问阅队阶际随难预领频验"
	traditionalOnly = "們這個說時間應該請務實現發關進對動員與為從會體過還給讓項電話證碼鏈網絡資訊聯認確審處經歷錄級題" +
		"類數據傳頁見線終結組織約計設記許語誰調謝變帳負責費質購車轉載輸邊達運遠連遲適選釋門問閱隊階際隨難預領頻驗"
)

func TestEachScriptIsItsOwn(t *testing.T) {
	t.Parallel()
	for lang, foreign := range map[locale.Language]string{
		locale.Simplified: traditionalOnly, locale.Traditional: simplifiedOnly,
	} {
		byKey, _ := texts(t, lang)
		for key, text := range byKey {
			if strings.HasPrefix(key, "lang.") {
				continue // each language is named in itself
			}
			if i := strings.IndexAny(text, foreign); i >= 0 {
				t.Errorf("%s: %s has a character of the other script: %q", lang, key, text[i:])
			}
		}
	}
}
