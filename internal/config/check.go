package config

// checker finds the mistakes that one value alone does not show.
type checker struct {
	c        *Config
	known    Known
	problems []Problem
}

func (k *checker) all() {}
