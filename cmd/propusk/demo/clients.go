package demo

import (
	"strings"

	"propusk/idp/client"
	"propusk/idp/directory"
)

// Sklad is the client of the demo's own web application, "Склад и учёт".
const Sklad = "sklad"

// clients are in the order of the JSON line, whose contract wants a web client
// that leads through the organisation's choice first.
func clients(issuer string, organisationID func(key string) string) []client.Client {
	code := []string{client.GrantAuthorizationCode, client.GrantRefreshToken}
	return []client.Client{
		{
			ID: Sklad, Name: "Склад и учёт", NameEN: "Warehouse and accounts", Kind: client.Web,
			TokenEndpointAuthMethod: client.AuthBasic, GrantTypes: code,
			RedirectURIs: []string{issuer + CallbackPath}, PostLogoutRedirectURIs: []string{issuer + "/"},
			Scope: scope("openid profile email phone offline_access organization", directory.OrganizationRead, directory.MembersRead),
		},
		{
			ID: "zakupki", Name: "Закупки", NameEN: "Procurement", Kind: client.Web,
			TokenEndpointAuthMethod: client.AuthPost, GrantTypes: code,
			RedirectURIs: []string{issuer + CallbackPath}, PostLogoutRedirectURIs: []string{issuer + "/"},
			Scope: scope("openid profile email offline_access organization", directory.OrganizationRead, directory.OrganizationWrite, directory.MembersRead, directory.MembersWrite, directory.JournalRead),
		},
		{
			ID: "terminal", Name: "Терминал сбора данных", NameEN: "Handheld terminal", Kind: client.Native,
			GrantTypes:   append(code[:len(code):len(code)], client.GrantDeviceCode),
			RedirectURIs: []string{"http://127.0.0.1/callback"},
			Scope:        scope("openid profile offline_access organization", directory.OrganizationRead),
		},
		{
			ID: "vitrina", Name: "Витрина показателей", NameEN: "Dashboard", Kind: client.SPA,
			GrantTypes:   code,
			RedirectURIs: []string{"http://localhost:5173/callback"},
			Scope:        scope("openid profile organization", directory.OrganizationRead, directory.MembersRead),
		},
		{
			ID: "buhgalteria", Name: "Бухгалтерия", NameEN: "Bookkeeping", Kind: client.Web,
			TokenEndpointAuthMethod: client.AuthBasic, GrantTypes: code,
			RedirectURIs: []string{issuer + CallbackPath}, PostLogoutRedirectURIs: []string{issuer + "/"},
			Scope: scope("openid profile email offline_access organization powers:own", directory.Permissions()...),
		},
		{
			ID: "exchange-mayak", Name: "Обмен с учётной системой: Северный маяк", Kind: client.Service,
			TokenEndpointAuthMethod: client.AuthBasic,
			GrantTypes:              []string{client.GrantClientCredentials, client.GrantTokenExchange},
			Scope:                   scope("organization", directory.Permissions()...),
			OrganisationID:          organisationID("mayak"),
		},
		{
			ID: "exchange-verfi", Name: "Обмен с учётной системой: Ладожские верфи", Kind: client.Service,
			TokenEndpointAuthMethod: client.AuthPost,
			Scope:                   scope("organization", directory.OrganizationRead, directory.MembersRead),
			OrganisationID:          organisationID("verfi"),
		},
		{
			ID: "bank-klient", Name: "Банк-клиент", NameEN: "Bank client", Kind: client.Web,
			TokenEndpointAuthMethod: client.AuthBasic,
			GrantTypes:              []string{client.GrantCIBA, client.GrantRefreshToken},
			Scope:                   scope("openid profile organization", directory.OrganizationRead),
		},
	}
}

// scope joins plain scopes and the permissions that are scopes too.
func scope(plain string, permissions ...directory.Permission) string {
	all := strings.Fields(plain)
	for _, p := range permissions {
		all = append(all, string(p))
	}
	return strings.Join(all, " ")
}
