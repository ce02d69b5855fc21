package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/config"
)

// formats are the values of -o.
var formats = []string{"table", "json", "csv"}

// outputFlag adds -o and returns where its value will stand.
func outputFlag(c *cobra.Command) *string {
	o := c.Flags().StringP("output", "o", "table", "output format: "+strings.Join(formats, ", "))
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // fails only for an unknown flag
	return o
}

func checkOutput(o string) error {
	for _, f := range formats {
		if o == f {
			return nil
		}
	}
	return usage(fmt.Errorf("unknown output format %q", o), "known are "+strings.Join(formats, ", "))
}

type codeJSON struct {
	Code       string   `json:"code"`
	Name       string   `json:"name"`
	Category   string   `json:"category"`
	Origin     string   `json:"origin"`
	Message    string   `json:"message"`
	Aliases    []string `json:"aliases"`
	Meaning    string   `json:"meaning,omitempty"`
	FirstCheck string   `json:"first_check,omitempty"`
}

func newCodes(w World, v *voice) *cobra.Command {
	var name string
	c := &cobra.Command{
		Use:   "codes [CODE|NAME|WORD…]",
		Short: "show the catalogue of error codes",
		Long: `Shows the catalogue of error codes. Arguments narrow it: a code, a name, a category, or words that stand in a
name or a message; a code that matches any argument is shown. One code alone is shown in full.`,
		Example: "  errwatch codes 3014\n  errwatch codes camera\n  errwatch codes capacity -o json",
		Args:    cobra.ArbitraryArgs,
	}
	output := outputFlag(c)
	configPath := configFlag(c)
	c.Flags().StringVar(&name, "catalog", "", "catalogue: "+strings.Join(catalog.BuiltinNames(), ", ")+" (default: the configuration's)")
	_ = c.RegisterFlagCompletionFunc("catalog", cobra.FixedCompletions(catalog.BuiltinNames(), cobra.ShellCompDirectiveNoFileComp)) // as above
	c.ValidArgsFunction = completeCodes
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := checkOutput(*output); err != nil {
			return err
		}
		cat, err := loadCatalog(w, v, *configPath, name)
		if err != nil {
			return err
		}
		found := searchCodes(cat, args)
		if len(found) == 0 {
			return failed(fmt.Errorf("no code of %s matches %q", cat.Name(), args), "see all: errwatch codes")
		}
		return writeCodes(v, *output, found)
	}
	return c
}

func completeCodes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	if cat, ok := catalog.Builtin(catalog.BuiltinNames()[0]); ok {
		for _, k := range cat.Codes() {
			out = append(out, k.Code+"\t"+k.Name)
		}
	}
	return append(out, catalog.Categories()...), cobra.ShellCompDirectiveNoFileComp
}

// searchCodes returns the codes that any of the words names; all of them where there is no word.
func searchCodes(cat *catalog.Catalog, words []string) []*catalog.Code {
	if len(words) == 0 {
		return cat.Codes()
	}
	var out []*catalog.Code
	for _, k := range cat.Codes() {
		for _, word := range words {
			if codeMatches(k, word) {
				out = append(out, k)
				break
			}
		}
	}
	return out
}

func codeMatches(k *catalog.Code, word string) bool {
	word = strings.ToLower(word)
	if k.Code == word || k.Category == word {
		return true
	}
	for _, name := range append([]string{k.Name}, k.Aliases...) {
		if strings.Contains(strings.ToLower(name), word) {
			return true
		}
	}
	return strings.Contains(strings.ToLower(k.Message), word)
}

func writeCodes(v *voice, output string, codes []*catalog.Code) error {
	switch {
	case output == "json":
		return writeCodesJSON(v, codes)
	case output == "csv":
		rows := make([][]string, len(codes))
		for i, k := range codes {
			rows[i] = []string{k.Code, k.Name, k.Category, k.Origin, k.Message, strings.Join(k.Aliases, " ")}
		}
		return writeCSV(v.out, []string{"code", "name", "category", "origin", "message", "aliases"}, rows)
	case len(codes) == 1:
		return writeCode(v, codes[0])
	}
	rows := make([][]string, len(codes))
	for i, k := range codes {
		rows[i] = []string{k.Code, k.Name, k.Category, k.Meaning}
	}
	return writeTable(v.out, []column{{head: "CODE"}, {head: "NAME"}, {head: "CATEGORY"}, {head: "MEANING", most: v.meaningWidth(codes)}}, rows)
}

// meaningWidth is what a terminal's line leaves for the last column; a pipe gets all of it.
func (v *voice) meaningWidth(codes []*catalog.Code) int {
	if !v.outLive {
		return 0
	}
	name, category := len("NAME"), len("CATEGORY")
	for _, k := range codes {
		name, category = max(name, len(k.Name)), max(category, len(k.Category))
	}
	return max(v.widthOfTerms-len("CODE")-name-category-6, 10)
}

func writeCodesJSON(v *voice, codes []*catalog.Code) error {
	out := make([]codeJSON, len(codes))
	for i, k := range codes {
		out[i] = codeJSON{k.Code, k.Name, k.Category, k.Origin, k.Message, append([]string{}, k.Aliases...), k.Meaning, k.FirstCheck}
	}
	e := json.NewEncoder(v.out)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// writeCode shows one code in full.
func writeCode(v *voice, k *catalog.Code) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", k.Code, k.Name)
	for _, line := range [][2]string{
		{"category", k.Category}, {"message", k.Message}, {"meaning", k.Meaning}, {"first check", k.FirstCheck},
		{"also spelled", strings.Join(k.Aliases, ", ")}, {"origin", k.Origin},
	} {
		if line[1] != "" {
			fmt.Fprintf(&b, "  %-13s %s\n", line[0], safeLine(line[1]))
		}
	}
	_, err := fmt.Fprint(v.out, b.String())
	return err
}

func loadCatalog(w World, v *voice, configPath, name string) (*catalog.Catalog, error) {
	if name != "" {
		if _, ok := catalog.Builtin(name); !ok {
			return nil, usage(fmt.Errorf("unknown catalogue %q", name), "known are "+strings.Join(catalog.BuiltinNames(), ", "))
		}
	}
	cfg, problems := load(w, configPath, nil, nil)
	v.problems(problems)
	if config.HasErrors(problems) {
		return nil, told(exitUsage)
	}
	if name != "" {
		cfg.Catalog = name
	}
	cat, err := app.CatalogOf(cfg)
	if err != nil {
		return nil, usage(err, "")
	}
	return cat, nil
}
