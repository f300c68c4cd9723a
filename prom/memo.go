package kafkaprom

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A memo keeps what is made once for a key, such as the series of a topic: to find them by their labels costs more than to count. Reading
// takes no lock, since there are as many as topics and groups, and soon no new ones. Its zero value is ready; it is safe for
// concurrent use.
type memo[K comparable, V any] struct {
	mu  sync.Mutex // held to replace all
	all atomic.Pointer[map[K]V]
}

func (m *memo[K, V]) get(key K, create func(K) V) V {
	if v, there := m.find(key); there {
		return v
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, there := m.find(key); there {
		return v
	}
	all := map[K]V{}
	if before := m.all.Load(); before != nil {
		all = maps.Clone(*before)
	}
	all[key] = create(key)
	m.all.Store(&all)
	return all[key]
}

func (m *memo[K, V]) find(key K) (v V, there bool) {
	if all := m.all.Load(); all != nil {
		v, there = (*all)[key]
	}
	return v, there
}
