package client

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/storagetest"
)

func ownCabinet() Client {
	return Client{
		ID: "cabinet", Name: "Кабинет", Kind: Web, GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken},
		RedirectURIs: []string{"http://localhost:8080/cabinet/callback"}, Scope: "openid organization",
	}
}

func TestAnOwnClientIsTheSameOnEveryNodeAndWritesOnlyChanges(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		h := newHouse(t, db)
		ctx, secret := t.Context(), strings.Repeat("s", leastOwnSecret)
		var nodes sync.WaitGroup
		for range 8 {
			nodes.Go(func() {
				if err := h.PutOwn(ctx, ownCabinet(), secret); err != nil {
					t.Error(err)
				}
			})
		}
		nodes.Wait()
		first, err := h.Find(ctx, "cabinet")
		if err != nil || !first.FirstParty || !first.Authentic(secret, h.now()) || first.Authentic(secret+"x", h.now()) {
			t.Fatalf("the client is %+v, %v", first, err)
		}

		h.clock.Advance(time.Minute)
		if err := h.PutOwn(ctx, ownCabinet(), secret); err != nil {
			t.Fatal(err)
		}
		if again, _ := h.Find(ctx, "cabinet"); again.UpdatedAt != first.UpdatedAt {
			t.Error("an unchanged client was written again")
		}

		moved := ownCabinet()
		moved.RedirectURIs = []string{"http://localhost:9090/cabinet/callback"}
		if err := h.PutOwn(ctx, moved, secret); err != nil {
			t.Fatal(err)
		}
		if now, _ := h.Find(ctx, "cabinet"); now.RedirectURIs[0] != moved.RedirectURIs[0] || now.CreatedAt != first.CreatedAt {
			t.Errorf("after moving the client is %+v", now)
		}
	})
}

func TestPutOwnLeavesADisabledClientDisabled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	secret := strings.Repeat("s", leastOwnSecret)
	if err := h.PutOwn(t.Context(), ownCabinet(), secret); err != nil {
		t.Fatal(err)
	}
	c, _ := h.Find(t.Context(), "cabinet")
	c.Status = StatusDisabled
	if _, err := h.Update(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := h.PutOwn(t.Context(), ownCabinet(), secret); err != nil {
		t.Fatal(err)
	}
	if now, _ := h.Find(t.Context(), "cabinet"); now.Active() {
		t.Error("a start of a node enabled the client that an operator had disabled")
	}
}

func TestPutOwnRefusesAWeakSecret(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	if err := h.PutOwn(context.Background(), ownCabinet(), "short"); !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v, want ErrInvalid", err)
	}
}
