package integration

import (
	"embed"

	"propusk/cabinet/web/desk"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Room is the integrations' part of the cabinet.
func Room() desk.Room {
	return desk.Room{
		Name: "integration", Files: files, Routes: routes(),
		// Here a person lets programs do, and hear of, whatever he may himself.
		Scopes: []string{
			"organization:read", "organization:write", "members:read", "members:write", "journal:read", "filings:read", "filings:write",
			"filings:sign", "extracts:read", "documents:read", "documents:write", "documents:sign", "requests:read", "requests:write",
			"finance:read", "finance:write", "clients:read", "clients:write", "powers:read", "powers:write",
			"tenders:read", "tenders:write", "tenders:sign",
		},
		Nav: []desk.NavItem{{Key: "integration.place", Path: "/cabinet/integrations", Permission: "clients:read", Order: 560}},
	}
}

func routes() []desk.Route {
	const all, hooks, one = "/cabinet/integrations", "/cabinet/integrations/webhooks", "/cabinet/integrations/webhooks/{id}"
	return []desk.Route{
		desk.Get(all, overview),
		desk.Get(all+"/sandbox", sandbox),

		desk.Get(clientsPath+"/new", newClient),
		desk.Post(clientsPath+"/new", addClient),
		desk.Get(clientsPath+"/{id}", showClient),
		desk.Post(clientsPath+"/{id}", changeClient),
		desk.Post(clientsPath+"/{id}/secret", rotateClient),
		desk.Post(clientsPath+"/{id}/keys", rotateKeys),
		desk.Post(clientsPath+"/{id}/logo", fetchLogo),
		desk.Post(clientsPath+"/{id}/disable", switchingClient("disabled")),
		desk.Post(clientsPath+"/{id}/enable", switchingClient("active")),
		desk.Post(clientsPath+"/{id}/remove", removeClient),

		desk.Get(hooks+"/new", newWebhook),
		desk.Post(hooks+"/new", addWebhook),
		desk.Get(one, showWebhook),
		desk.Post(one, changeWebhook),
		desk.Post(one+"/test", test),
		desk.Post(one+"/pause", switching("paused")),
		desk.Post(one+"/resume", switching("active")),
		desk.Post(one+"/secret", rotate),
		desk.Post(one+"/replay", replayMany),
		desk.Post(one+"/remove", removeWebhook),
		desk.Get(one+"/exchange", exchange),
		desk.Get(one+"/deliveries/{delivery}", showDelivery),
		desk.Post(one+"/deliveries/{delivery}/replay", replayOne),
	}
}
