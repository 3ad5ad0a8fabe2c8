package oauth

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"propusk/storage"
	"propusk/storage/storagetest"
)

func ownCabinet() Client {
	return Client{
		ID: "cabinet", Name: "Кабинет", Kind: Web, GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken},
		RedirectURIs: []string{"http://localhost:8080/cabinet/callback"}, Scope: "openid organization",
	}
}

func TestPutOwnClientIsTheSameOnEveryNodeAndWritesOnlyChanges(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		h := newHouse(t, db)
		ctx, secret := t.Context(), strings.Repeat("s", leastOwnSecret)
		var nodes sync.WaitGroup
		for range 8 {
			nodes.Go(func() {
				if err := h.PutOwnClient(ctx, ownCabinet(), secret); err != nil {
					t.Error(err)
				}
			})
		}
		nodes.Wait()
		first, err := h.Client(ctx, "cabinet")
		if err != nil || !first.FirstParty || !first.authentic(secret) || first.authentic(secret+"x") {
			t.Fatalf("the client is %+v, %v", first, err)
		}

		h.clock.Advance(cacheFor)
		if err := h.PutOwnClient(ctx, ownCabinet(), secret); err != nil {
			t.Fatal(err)
		}
		if again, _ := h.Client(ctx, "cabinet"); again.UpdatedAt != first.UpdatedAt {
			t.Error("an unchanged client was written again")
		}

		moved := ownCabinet()
		moved.RedirectURIs = []string{"http://localhost:9090/cabinet/callback"}
		if err := h.PutOwnClient(ctx, moved, secret); err != nil {
			t.Fatal(err)
		}
		if now, _ := h.Client(ctx, "cabinet"); now.RedirectURIs[0] != moved.RedirectURIs[0] || now.CreatedAt != first.CreatedAt {
			t.Errorf("after moving the client is %+v", now)
		}
	})
}

func TestPutOwnClientLeavesADisabledOneDisabled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	secret := strings.Repeat("s", leastOwnSecret)
	if err := h.PutOwnClient(t.Context(), ownCabinet(), secret); err != nil {
		t.Fatal(err)
	}
	c, _ := h.Client(t.Context(), "cabinet")
	c.Status = ClientDisabled
	if _, err := h.UpdateClient(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := h.PutOwnClient(t.Context(), ownCabinet(), secret); err != nil {
		t.Fatal(err)
	}
	if now, _ := h.Client(t.Context(), "cabinet"); now.Active() {
		t.Error("a start of a node enabled the client that an operator had disabled")
	}
}

func TestPutOwnClientRefusesAWeakSecret(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	if err := h.PutOwnClient(context.Background(), ownCabinet(), "short"); !errors.Is(err, ErrInvalidClient) {
		t.Errorf("error %v, want ErrInvalidClient", err)
	}
}
