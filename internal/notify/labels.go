package notify

import (
	"maps"
	"strings"

	"github.com/errwatch/errwatch/internal/alert"
)

// origin is the label that tells errwatch's alerts from those of the same rules on a Prometheus.
const (
	originLabel   = "origin"
	originValue   = "sidecar"
	instanceLabel = "instance"
)

// labeller adds the labels that are the same for all alerts of this errwatch. As in Prometheus, an alert's own label wins
// over an external one of the same name; both win over instance and origin.
type labeller struct{ common map[string]string }

func newLabeller(o Options) labeller {
	common := map[string]string{originLabel: originValue, instanceLabel: o.Instance}
	maps.Copy(common, o.ExternalLabels)
	maps.DeleteFunc(common, func(_, v string) bool { return v == "" })
	return labeller{common}
}

// of returns all labels of an alert, as a new map. Empty ones are left out: in Prometheus they are the same as none.
func (l labeller) of(a *alert.Alert) map[string]string {
	all := make(map[string]string, len(l.common)+len(a.Labels))
	maps.Copy(all, l.common)
	for _, x := range a.Labels {
		if x.Value != "" {
			all[x.Name] = strings.ToValidUTF8(x.Value, "\uFFFD")
		}
	}
	return all
}
