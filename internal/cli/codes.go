package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/config"
)

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
	var path, output, name string
	c := &cobra.Command{
		Use:   "codes [CODE|NAME|WORD…]",
		Short: "show the catalogue of error codes",
		Long: `Shows the catalogue of error codes. Arguments narrow it: a code, a name, a category, or words that stand in a
name, a message or a meaning; a code that matches any argument is shown. One code alone is shown in full.`,
		Example: "  errwatch codes 3014\n  errwatch codes camera\n  errwatch codes capacity -o json",
		Args:    cobra.ArbitraryArgs,
	}
	outputFlag(c, &output, "table", "json", "csv")
	configFlag(c, &path)
	c.Flags().StringVar(&name, "catalog", "", "`CATALOGUE`: "+strings.Join(catalog.BuiltinNames(), ", ")+"; else the configuration's")
	completeFlag(c, "catalog", cobra.FixedCompletions(catalog.BuiltinNames(), cobra.ShellCompDirectiveNoFileComp))
	c.ValidArgsFunction = completeCodes
	c.RunE = func(_ *cobra.Command, args []string) error {
		if err := checkOutput(output, "table", "json", "csv"); err != nil {
			return err
		}
		cat, err := loadCatalog(w, v, path, name)
		if err != nil {
			return err
		}
		found := searchCodes(cat, args)
		if len(found) == 0 {
			hint, err := notFound(cat, args)
			return failed(err, hint)
		}
		return v.writeCodes(output, found)
	}
	return c
}

// notFound says what was not found, and what else to try.
func notFound(cat *catalog.Catalog, words []string) (hint string, err error) {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = fmt.Sprintf("%q", word)
	}
	hint = "see all: errwatch codes"
	for _, other := range catalog.BuiltinNames() {
		if b, ok := catalog.Builtin(other); ok && other != cat.Name() && len(searchCodes(b, words)) > 0 {
			hint = other + " has it: errwatch codes --catalog " + other + " " + quote(words[0])
		}
	}
	hint = didYouMean(words[0], vocabulary(cat), hint)
	return hint, fmt.Errorf("no code of %s matches %s", cat.Name(), strings.Join(quoted, ", "))
}

// vocabulary lists what people may look for: codes, names, categories, and the words that names are made of.
func vocabulary(cat *catalog.Catalog) []string {
	out := knownWords([]*catalog.Catalog{cat})
	for _, k := range cat.Codes() {
		out = append(out, k.Code)
		for part := range strings.SplitSeq(strings.ToLower(k.Name), "_") {
			if len(part) > 3 {
				out = append(out, part)
			}
		}
	}
	return out
}

// searchCodes returns the codes that any of the words names; all of them where there is no word.
func searchCodes(cat *catalog.Catalog, words []string) []*catalog.Code {
	if len(words) == 0 {
		return cat.Codes()
	}
	var out []*catalog.Code
	for _, k := range cat.Codes() {
		if slices.ContainsFunc(words, func(word string) bool { return codeMatches(k, strings.ToLower(word)) }) {
			out = append(out, k)
		}
	}
	return out
}

func codeMatches(k *catalog.Code, word string) bool {
	if k.Code == word || k.Category == word {
		return true
	}
	texts := append([]string{k.Name, k.Message, k.Meaning}, k.Aliases...)
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(strings.ToLower(text), word) })
}

func (v *voice) writeCodes(output string, codes []*catalog.Code) error {
	switch {
	case output == "json":
		return writeCodesJSON(v.out, codes)
	case output == "csv":
		rows := make([][]string, len(codes))
		for i, k := range codes {
			rows[i] = []string{k.Code, k.Name, k.Category, k.Origin, k.Message, strings.Join(k.Aliases, " ")}
		}
		return writeCSV(v.out, []string{"code", "name", "category", "origin", "message", "aliases"}, rows)
	case len(codes) == 1:
		return v.writeCode(codes[0])
	}
	return v.codesTable(codes)
}

// meaningLeast is how many columns a meaning needs to say anything: on a terminal with less it is left out.
const meaningLeast = 40

func (v *voice) codesTable(codes []*catalog.Code) error {
	columns := []column{{head: "CODE"}, {head: "NAME", least: nameLeast}, {head: "CATEGORY"}}
	taken := len("CODE") + 3*len(gap)
	name, category := 0, 0
	for _, k := range codes {
		name, category = max(name, len(k.Name)), max(category, len(k.Category))
	}
	meaning := v.outWidth == 0 || v.outWidth-taken-name-category >= meaningLeast
	if meaning {
		columns = append(columns, column{head: "MEANING", least: meaningLeast})
	}
	rows := make([][]string, len(codes))
	for i, k := range codes {
		rows[i] = []string{k.Code, k.Name, k.Category}
		if meaning {
			rows[i] = append(rows[i], k.Meaning)
		}
	}
	if err := writeTable(v.out, v.outWidth, columns, rows); err != nil {
		return err
	}
	if v.outLive {
		v.hint("all about one of them: errwatch codes " + codes[0].Code)
	}
	return nil
}

func writeCodesJSON(w io.Writer, codes []*catalog.Code) error {
	out := make([]codeJSON, len(codes))
	for i, k := range codes {
		out[i] = codeJSON{k.Code, k.Name, k.Category, k.Origin, k.Message, append([]string{}, k.Aliases...), k.Meaning, k.FirstCheck}
	}
	return writeJSON(w, out)
}

// writeCode shows one code in full.
func (v *voice) writeCode(k *catalog.Code) error {
	text := safeLine(k.Code+"  "+k.Name) + "\n" + formatRows(2, v.outWidth, []row{
		{"category", k.Category}, {"message", k.Message}, {"meaning", k.Meaning}, {"first check", k.FirstCheck},
		{"also spelled", strings.Join(k.Aliases, ", ")}, {"origin", k.Origin},
	})
	_, err := io.WriteString(v.out, text)
	return err
}

func loadCatalog(w World, v *voice, configPath, name string) (*catalog.Catalog, error) {
	if _, ok := catalog.Builtin(name); name != "" && !ok {
		known := catalog.BuiltinNames()
		return nil, usage(fmt.Errorf("unknown catalogue %q", name), didYouMean(name, known, "known are "+strings.Join(known, ", ")))
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
