package notice

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"

	"propusk/idp/directory"
)

// EventType describes one type of event, for settings and for webhooks.
type EventType struct {
	Type       string               `json:"type"`
	Category   Category             `json:"category"`
	Permission directory.Permission `json:"permission,omitempty"` // what a webhook's owner must hold; "" = nothing
	RU         string               `json:"ru"`
	EN         string               `json:"en"`
	// Example is the data of a webhook's body; null: webhooks do not carry it.
	Example json.RawMessage `json:"example"`
}

// Webhook reports whether webhooks carry events of the type: those of an
// organisation, not those of a person.
func (t EventType) Webhook() bool { return len(t.Example) > 0 && string(t.Example) != "null" }

//go:embed catalogue.json
var catalogueSource []byte

var catalogue = sync.OnceValue(func() []EventType {
	var types []EventType
	if err := json.Unmarshal(catalogueSource, &types); err != nil {
		panic(fmt.Sprintf("notice: catalogue.json: %v", err)) // built in, and tested
	}
	return types
})

// Catalogue lists the types of events in the order of the categories.
func Catalogue() []EventType { return append([]EventType(nil), catalogue()...) }

var catalogueIndex = sync.OnceValue(func() map[string]EventType {
	index := map[string]EventType{}
	for _, t := range catalogue() {
		index[t.Type] = t
	}
	return index
})

func eventType(name string) (EventType, bool) {
	t, known := catalogueIndex()[name]
	return t, known
}
