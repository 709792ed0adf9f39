package public

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"heli/pkg/reference"
	"heli/pkg/risk"
	"heli/pkg/word"
	"heli/services/web/templates"
)

// Bounds of proposing categories for somebody's own words.
const (
	maxOwnWords = 400 // characters that are looked at
	maxProposed = 3
)

// named is how much a category's own name in a text says, as much as a concept.
const nameWeight = 3.0

// concepts are the groups of the lexicon, by the category in which people look for
// what they name. The wider group of each counts too, at less.
var concepts = map[string][]string{
	"psych":   {"psych"},
	"medical": {"medical", "doctor", "nurse", "hospital", "ambulance", "first_aid", "medicine", "chronic_medicine", "dental", "eye_care", "device", "oxygen", "blood", "ors", "test", "pregnancy", "health_supplies"},
	"legal":   {"legal"}, "customs": {"customs"}, "translation": {"translation"}, "education": {"education"},
	"ppe": {"ppe", "mask", "gown", "glove", "goggles", "face_shield", "cap", "shoe_cover", "suit", "disinfectant", "sanitizer", "alcohol", "thermometer"},
	"goods": {"supplies", "water", "purifier", "hygiene", "soap", "sanitary", "diaper", "blanket", "bedding", "clothing", "warm_clothing", "raincoat",
		"footwear", "utensil", "mosquito", "light", "fuel", "power", "charging", "toilet", "baby"},
	"food": {"food", "cooked_meal", "rice", "flour", "noodle", "biscuit", "bread", "vegetable", "fruit", "egg", "meat", "milk", "salt", "oil",
		"canned", "baby_food", "drink", "n"},
	"donation": {"money", "loan"}, "labour": {"volunteer", "job", "rescue", "rebuild"},
	"labour.disinfection": {"disinfection", "clean"}, "labour.sorting": {"sorting"}, "labour.checkpoint": {"guard"},
	"transport": {"transport", "truck", "car", "bus", "boat", "helicopter", "aircraft", "train", "evacuation", "road"},
	"shelter":   {"shelter", "room", "hall", "tent", "building"}, "care": {"elder_care", "childcare", "wheelchair", "disabled", "pet"},
	"convenience": {"errand", "repair"}, "worker_support": {"community_worker"}, "enterprise": {"procurement"},
	"information": {"information", "missing_person", "map", "document"},
}

// proposedCategories returns the categories that a text may be about, the likeliest
// first; none where it says too little. Somebody has still to choose.
func proposedCategories(ref *reference.Snapshot, text string) []string {
	text = string([]rune(text)[:min(len([]rune(text)), maxOwnWords)])
	weights := map[string]float64{}
	for _, term := range word.Terms(text) {
		if concept, ok := strings.CutPrefix(term.Text, "="); ok {
			addConcept(weights, concept, float64(term.Weight))
		}
	}
	plain := folded(text)
	var codes []string
	for _, c := range ref.Categories() {
		for _, name := range c.Names {
			if strings.Contains(plain, folded(name)) {
				weights[c.Code] += nameWeight
				break
			}
		}
		if weights[c.Code] > 0 {
			codes = append(codes, c.Code)
		}
	}
	slices.SortStableFunc(codes, func(a, b string) int { return cmp.Compare(weights[b], weights[a]) })
	return codes[:min(len(codes), maxProposed)]
}

func addConcept(weights map[string]float64, concept string, weight float64) {
	for category, held := range concepts {
		if slices.Contains(held, concept) {
			weights[category] += weight
		}
	}
}

// showCategories answers the script with the categories that fit what was written,
// and with whether it holds words of danger. Nothing of it is kept.
func (p pages) showCategories(w http.ResponseWriter, r *http.Request) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	page := p.Pages.Of(r)
	var options []templates.Option
	if ref := p.snapshot(); ref != nil {
		for _, code := range proposedCategories(ref, values.Get("text")) {
			options = append(options, templates.Option{Value: code, Label: categoryName(page, ref, code)})
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	danger := len(risk.Kinds(values.Get("text"), values.Get("more"))) > 0
	p.Pages.Render(w, r, http.StatusOK, templates.CategoryChoices(page, options, danger))
	return nil
}
