package storage

import "sync"

// bells are in-process signals by name: whoever adds work to a table rings, and
// the worker in this process wakes before its next poll. Other processes poll.
type bells struct {
	mu   sync.Mutex
	hung map[string]map[chan struct{}]bool
}

// Ring wakes the listeners of name in this process. It never waits.
func (db *DB) Ring(name string) {
	db.bells.mu.Lock()
	defer db.bells.mu.Unlock()
	for bell := range db.bells.hung[name] {
		select {
		case bell <- struct{}{}:
		default: // it is ringing already
		}
	}
}

// Listen returns a channel that receives after Ring(name); several rings may be
// heard as one. stop ends it.
func (db *DB) Listen(name string) (rung <-chan struct{}, stop func()) {
	bell := make(chan struct{}, 1)
	db.bells.mu.Lock()
	defer db.bells.mu.Unlock()
	if db.bells.hung == nil {
		db.bells.hung = map[string]map[chan struct{}]bool{}
	}
	if db.bells.hung[name] == nil {
		db.bells.hung[name] = map[chan struct{}]bool{}
	}
	db.bells.hung[name][bell] = true
	return bell, func() {
		db.bells.mu.Lock()
		defer db.bells.mu.Unlock()
		delete(db.bells.hung[name], bell)
		if len(db.bells.hung[name]) == 0 {
			delete(db.bells.hung, name)
		}
	}
}
