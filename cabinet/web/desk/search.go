package desk

import (
	"errors"
	"net/http"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
)

// The bounds of a search, in characters.
const (
	searchLeast = 2
	searchMost  = 100
)

type searchView struct {
	Query string
	Hits  []Hit
	Short bool // too little was typed
}

// search asks every room for what the visitor may see by the API's own searches.
func (v *Visit) search() error {
	view := searchView{Query: v.Query("q")}
	if runes := []rune(view.Query); len(runes) > searchMost {
		view.Query = string(runes[:searchMost])
	}
	view.Short = utf8.RuneCountInString(view.Query) < searchLeast
	if !view.Short {
		var err error
		if view.Hits, err = v.find(view.Query); err != nil {
			return err
		}
	}
	return v.Page(http.StatusOK, "search.html", "desk.search.title", view)
}

// find searches the rooms side by side. A room that refuses, or does not answer, has
// found nothing; an ended session ends the search.
func (v *Visit) find(query string) ([]Hit, error) {
	found := make([][]Hit, len(v.d.rooms))
	var group errgroup.Group
	group.SetLimit(4)
	for i, room := range v.d.rooms {
		if room.Search == nil {
			continue
		}
		group.Go(func() error {
			own := *v // a renewed token is the own one's
			hits, err := room.Search(&own, query)
			if _, ended := errors.AsType[*signIn](err); ended {
				return err
			}
			if err != nil {
				v.d.deps.Log.DebugContext(v.ctx(), "a room could not search", "room", room.Name, "error", err)
				return nil
			}
			found[i] = hits
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []Hit
	for _, hits := range found {
		all = append(all, hits...)
	}
	return all, nil
}
