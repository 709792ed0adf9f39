package templates

// Asked is the helper's page for one ask.
type Asked struct {
	Code      string
	State     string
	Plain     string // what the state means for them
	Title     string // what is asked for
	Facts     []Fact
	Problem   string
	Version   int64
	Moves     map[string]bool
	Reasons   []Option
	Errors    Errors
	Typed     map[string]string // what was typed, by field
	Sensitive bool
	Deadline  string
	OtherTime string // that they suggest
	StandsBy  bool
	// MatchToken opens the page of the match that a yes made; empty without one.
	MatchToken string
}
