package rules

import (
	"fmt"
	"math"
)

// humanize writes a number with a metric prefix, as Prometheus's function of this name does: 1234567 is 1.235M.
func humanize(v float64) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Sprintf("%.4g", v)
	}
	prefix := ""
	if math.Abs(v) >= 1 {
		for _, p := range []string{"k", "M", "G", "T", "P", "E", "Z", "Y"} {
			if math.Abs(v) < 1000 {
				break
			}
			prefix = p
			v /= 1000
		}
	} else {
		for _, p := range []string{"m", "u", "n", "p", "f", "a", "z", "y"} {
			if math.Abs(v) >= 1 {
				break
			}
			prefix = p
			v *= 1000
		}
	}
	return fmt.Sprintf("%.4g%s", v, prefix)
}

// humanize1024 is humanize for sizes: 1536 is 1.5ki.
func humanize1024(v float64) string {
	if math.Abs(v) <= 1 || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Sprintf("%.4g", v)
	}
	prefix := ""
	for _, p := range []string{"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"} {
		if math.Abs(v) < 1024 {
			break
		}
		prefix = p
		v /= 1024
	}
	return fmt.Sprintf("%.4g%s", v, prefix)
}

// humanizeDuration writes seconds as days, hours, minutes and seconds: 3725 is 1h 2m 5s.
func humanizeDuration(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return fmt.Sprintf("%.4g", v)
	case v == 0:
		return "0s"
	case math.Abs(v) < 1:
		return humanize(v) + "s"
	}
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	whole := int64(v)
	days, hours, minutes, seconds := whole/86400, whole/3600%24, whole/60%60, whole%60
	switch {
	case days != 0:
		return fmt.Sprintf("%s%dd %dh %dm %ds", sign, days, hours, minutes, seconds)
	case hours != 0:
		return fmt.Sprintf("%s%dh %dm %ds", sign, hours, minutes, seconds)
	case minutes != 0:
		return fmt.Sprintf("%s%dm %ds", sign, minutes, seconds)
	}
	return fmt.Sprintf("%s%.4gs", sign, v)
}
