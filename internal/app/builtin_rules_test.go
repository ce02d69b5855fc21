package app

import (
	"context"
	"fmt"
	"testing"

	"github.com/errwatch/errwatch/internal/config"
)

// TestBuiltinRulesHaveTests runs the tests that the built-in rules ship with, which hit each of them.
func TestBuiltinRulesHaveTests(t *testing.T) {
	t.Parallel()
	suite, problems := testPlan(t, "").LoadTests([]string{"testdata/builtin_rules_test.yaml"})
	if suite == nil {
		t.Fatal(config.Format(problems))
	}
	r, err := suite.Run(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range r.Tests {
		for _, f := range x.Failures {
			t.Errorf("%s, line %d: %+v", x.Name, f.Line, f.Diffs)
		}
	}
	if never := fmt.Sprint(r.BuiltinRules); never != "[]" {
		t.Errorf("no test makes these fire: %s", never)
	}
}
