package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// console tells what happens, a line an event.
type console struct {
	mu   sync.Mutex
	w    io.Writer
	json bool
}

// consoleSigns begin the lines for people.
var consoleSigns = map[string]string{
	"received": "◄ принято", "repeat": "◄ повтор", "conflict": "◄ другой файл", "sent": "► ответ", "refused": "✕ отказ", "failed": "… не вышло",
	"trouble": "✕ сбой", "dropped": "✕ обрыв", "queued": "+ в очередь", "rules": "= правила", "clock": "= часы", "record": "= реестр", "tender": "= закупка",
}

func (c *console) say(event, submission, text string) {
	if c.w == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.json {
		_ = json.NewEncoder(c.w).Encode(map[string]string{
			"at": time.Now().UTC().Format(time.RFC3339Nano), "event": event, "submission": submission, "text": text,
		})
		return
	}
	fmt.Fprintf(c.w, "%s  %-14s %s %s\n", time.Now().Format("15:04:05.000"), consoleSigns[event], submission, text)
}
