package app

import (
	"github.com/errwatch/errwatch/internal/notify"
)

func (b *builder) buildReceivers() {
	for _, r := range b.cfg.Receivers {
		x := notify.Receiver{Name: r.Name, Match: r.Match, HTTP: r.HTTP, Interval: r.Interval, Repeat: r.Repeat}
		if a := r.Alertmanager; a != nil {
			x.Alertmanager = &notify.Alertmanager{URLs: a.URLs, DNS: a.DNS}
		}
		if w := r.Webhook; w != nil {
			x.Webhook = &notify.Webhook{
				URL: w.URL, URLFile: w.URLFile, Template: w.Template, TemplateFile: w.TemplateFile, RoutingKeyFile: w.RoutingKeyFile,
			}
		}
		b.plan.receivers = append(b.plan.receivers, x)
	}
	b.checkReceivers()
}

// checkReceivers makes each receiver once, alone: so each one's mistakes are found, and where they stand.
func (b *builder) checkReceivers() {
	for i, r := range b.plan.receivers {
		if _, err := notify.New([]notify.Receiver{r}, notify.Options{ExternalURL: b.cfg.Server.ExternalURL}); err != nil {
			b.fail(err.Error(), "", -1, "receivers", i)
		}
	}
}
