package rules

// Problem is one mistake in a rule, or (Warning) something that is allowed but hardly meant.
type Problem struct {
	Rule    int    // index in the rules that were checked
	Key     string // where in the rule, as in the configuration: "window", "match.codes", "count.resolve_at"
	Message string
	Hint    string
	Warning bool
}

// Surroundings are what a rule is checked against. What is nil is not checked.
type Surroundings struct{}

// CheckRules returns everything that is wrong with the rules, in their order.
func CheckRules(rs []Rule, s Surroundings) []Problem { return nil }
