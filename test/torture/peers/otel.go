package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"sync"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// otel is the file consumer of OpenTelemetry's collector, which is what its filelog receiver reads with. It is given
// rotated and packed files too, and saves its positions together with the counts in one file, which is more than the
// collector does; what is saved is shown.
func otel(j job) error {
	keep, err := openKeeper(j.state)
	if err != nil {
		return err
	}
	go serve(j.listen, keep.shown)
	cfg := fileconsumer.NewConfig()
	cfg.Include = []string{j.log + "*"}
	cfg.StartAt = "beginning"
	cfg.Compression = "auto"
	m, err := cfg.Build(componenttest.NewNopTelemetrySettings(),
		func(_ context.Context, lines [][]byte, _ map[string]any, _ int64, _ []int64) error {
			for _, l := range lines {
				keep.counts.line(string(l))
			}
			return nil
		})
	if err != nil {
		return err
	}
	if err := m.Start(keep); err != nil {
		return err
	}
	select {}
}

// keeper is the storage of the consumer. It saves after each round of reading, and with it the counts of that moment.
type keeper struct {
	path   string
	counts *counts

	mu    sync.Mutex
	saved struct {
		Positions map[string][]byte
		Counts    map[string]int64
	}
}

func openKeeper(path string) (*keeper, error) {
	k := &keeper{path: path}
	k.saved.Positions, k.saved.Counts = map[string][]byte{}, map[string]int64{}
	if b, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(b, &k.saved); err != nil {
			return nil, err
		}
	}
	k.counts = &counts{by: maps.Clone(k.saved.Counts)}
	return k, nil
}

func (k *keeper) shown() map[string]int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.saved.Counts
}

func (k *keeper) Get(_ context.Context, key string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.saved.Positions[key], nil
}

func (k *keeper) Set(ctx context.Context, key string, value []byte) error {
	return k.Batch(ctx, storage.SetOperation(key, value))
}

func (k *keeper) Delete(ctx context.Context, key string) error {
	return k.Batch(ctx, storage.DeleteOperation(key))
}

func (k *keeper) Batch(_ context.Context, ops ...*storage.Operation) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = k.saved.Positions[op.Key]
			continue
		case storage.Set:
			k.saved.Positions[op.Key] = op.Value
		case storage.Delete:
			delete(k.saved.Positions, op.Key)
		default:
			return fmt.Errorf("unknown operation %v", op.Type)
		}
	}
	k.saved.Counts = k.counts.copied()
	return save(k.path, k.saved)
}
